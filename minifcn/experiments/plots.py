"""The picture of an experiment, drawn from its record: curves with bands, or bars with dots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from minifcn.system.files import atomic_write

NAME = "picture.svg"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")  # Okabe and Ito's
STYLES = ("-", "--", "-.", ":")


def draw(record: dict[str, Any], path: Path) -> None:
    """Draw the charts of an experiment side by side, or the first column of its table as bars.

    It is made to be read at half the width of a page; the spread over seeds is a band, or a dot
    for each.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure  # takes half a second

    charts = record["charts"]
    # The same record gives the same file: no date, no random names of clip paths.
    with rc_context({"svg.hashsalt": record["experiment"], "font.size": 12}):
        height = 3.8 if charts else 1.6 + 0.45 * len(record["rows"])
        figure = Figure(figsize=(6.4 * max(1, len(charts)), height), layout="constrained")
        if charts:
            for axes, chart in zip(np.ravel(figure.subplots(1, len(charts))), charts, strict=True):
                _curves(axes, chart)
        else:
            _bars(figure.subplots(), record["rows"])
            if figure.axes[0].get_legend_handles_labels()[0]:
                figure.legend(loc="outside upper right", ncols=2)
        with atomic_write(path) as file:
            figure.savefig(file, format="svg", metadata={"Date": None})


def _curves(axes: Any, chart: dict[str, Any]) -> None:
    for number, curve in enumerate(chart["curves"]):
        x, ys = np.asarray(curve["x"], float), np.asarray(curve["ys"], float)
        colour = COLOURS[number % len(COLOURS)]
        style = STYLES[number // len(COLOURS) % len(STYLES)]
        marker = "o" if len(x) < 25 else None
        axes.plot(x, ys.mean(axis=0), style, color=colour, label=curve["name"], marker=marker)
        axes.fill_between(x, ys.min(axis=0), ys.max(axis=0), color=colour, alpha=0.2, linewidth=0)
    axes.set(title=chart["title"], xlabel=chart["x_label"], ylabel=chart["y_label"])
    axes.set_xscale("log" if chart["x_log"] else "linear")
    axes.set_yscale("log" if chart["y_log"] else "linear")
    axes.grid(alpha=0.3)
    if len(chart["curves"]) > 1:
        axes.legend()


def _bars(axes: Any, rows: list[dict[str, Any]]) -> None:
    column = next(iter(rows[0]["values"]))
    places = np.arange(len(rows))[::-1]
    for place, row in zip(places, rows, strict=True):
        values = np.asarray(row["values"].get(column, []), float)
        axes.barh(place, np.mean(values) if values.size else 0, color=COLOURS[0], alpha=0.35)
        axes.plot(values, np.full(len(values), place), "o", color=COLOURS[0], markersize=5)
        if column in row["paper"]:
            axes.plot(row["paper"][column], place, "D", color=COLOURS[1], markersize=7)
    if any(column in row["paper"] for row in rows):
        axes.plot([], [], "D", color=COLOURS[1], label="the paper")
        axes.plot([], [], "o", color=COLOURS[0], label="here, each seed")
    axes.set_yticks(places, [row["name"] for row in rows])
    axes.set_xlabel(column)
    axes.grid(alpha=0.3, axis="x")
