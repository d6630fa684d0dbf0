"""The report of one or more runs: one page of HTML that needs nothing but itself.

Names and settings come from the folders of runs. All text goes through the templates, which escape
it; pictures and curves lie in the page.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

import minifcn
from minifcn.inference.confusions import largest_confusions
from minifcn.inference.metrics import TITLES
from minifcn.reporting.charts import Chart, Series, chart, matrix
from minifcn.reporting.run_record import Head, RunRecord
from minifcn.reporting.words import command_line, duration, facts
from minifcn.system.html import environment, picture_address

TEMPLATES = Path(__file__).with_name("templates")
MARK = b'<meta name="generator" content="minifcn'  # in the first lines of a report
MOMENTS = 6  # evaluations whose sample pictures are shown, the first and the last among them
PICTURE = (1200, 300_000)  # pixels across, and bytes, of a sample picture that is taken as it is
CONFUSIONS = 8  # the largest, named beside a matrix


class Moment(NamedTuple):
    """The sample pictures after so many updates, each an address that holds the picture."""

    number: int
    pictures: list[str]


class ClassTable(NamedTuple):
    """The figures of classes that some runs have in common; `heads` are theirs, one of each run."""

    head: str
    runs: list[tuple[int, str]]
    names: tuple[str, ...]
    colours: list[str]
    heads: list[Head]

    @property
    def has_accuracy(self) -> bool:
        """Return whether the accuracy of any class is known."""
        return not all(np.isnan(head.scores.class_accuracy).all() for head in self.heads)

    @property
    def pixels(self) -> list[int] | None:
        """Return how many pixels each class has in the truth, if that was kept."""
        known = [head.counts for head in self.heads if head.counts is not None]
        return known[-1].sum(axis=1).tolist() if known else None


class Setting(NamedTuple):
    """A setting: its value in each run, and whether they differ."""

    name: str
    values: list[str]
    differs: bool


def report_page(runs: Sequence[RunRecord]) -> str:
    """Return the report of runs, at least one, as HTML."""
    names = titles(runs)
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            version=minifcn.__version__,
            moments_at_most=MOMENTS,
            runs=[
                (place, name, run)
                for place, (name, run) in enumerate(zip(names, runs, strict=True))
            ],
            figures=TITLES,
            charts=charts(runs),
            moments=[moments(run) for run in runs],
            legends=[_legend(run) for run in runs],
            classes=class_tables(runs, names),
            confusions=list(confusions(runs, names)),
            settings=settings_table(runs),
            facts=facts_table(runs),
            commands=[command_line(run.config) for run in runs],
            duration=duration,
        )
    )


@cache
def _environment() -> Any:
    """Return what renders the templates."""
    found = environment(TEMPLATES)
    found.filters["percent"] = lambda value: "-" if np.isnan(value) else f"{100 * value:.1f}"
    return found


def titles(runs: Sequence[RunRecord]) -> list[str]:
    """Return what runs are called: by their folders, or by their paths if these are alike."""
    names = [run.name for run in runs]
    return names if len(set(names)) == len(names) else [str(run.folder) for run in runs]


def charts(runs: Sequence[RunRecord]) -> list[Chart]:
    """Return the curves of all runs: loss and rate, and the four figures of each head."""

    def updates(name: str) -> list[Series]:
        return [Series(p, run.updates["number"], run.updates[name]) for p, run in enumerate(runs)]

    def figures(head: str, name: str) -> Iterator[Series]:
        for place, run in enumerate(runs):
            found = [e for e in run.evaluations if head in e.heads]
            values = [100 * getattr(one.heads[head].scores, name) for one in found]
            numbers = [one.number for one in found]
            yield Series(place, np.array(numbers, float), np.array(values, float))

    drawn = [
        chart("loss, nats a pixel", updates("pixel_loss"), logarithmic=True),
        chart("learning rate", updates("rate"), whole=(0.0, 0.0)),
    ]
    for head in _heads(runs):
        for name, title in TITLES.items():
            called = f"{head}: {title}, percent" if head else f"{title}, percent"
            drawn.append(chart(called, [*figures(head, name)], whole=(0.0, 100.0)))
    return [one for one in drawn if one]


def moments(run: RunRecord) -> list[Moment]:
    """Return the sample pictures of some evaluations, spread over the training."""
    numbers = list(run.samples)
    chosen = np.linspace(0, len(numbers) - 1, min(MOMENTS, len(numbers))).round().astype(int)
    found = []
    for number in (numbers[place] for place in chosen):
        pictures = [_picture(path, path.stat().st_mtime_ns) for path in run.samples[number]]
        found.append(Moment(number, [picture for picture in pictures if picture]))
    return [moment for moment in found if moment.pictures]


@lru_cache(maxsize=64)  # so that a training reads each of its own pictures once
def _picture(path: Path, _: int) -> str:
    """Return a picture as an address that holds it, made smaller if need be; "" if it is broken."""
    content, kind = path.read_bytes(), "png"
    try:
        with Image.open(io.BytesIO(content)) as picture:
            if picture.width > PICTURE[0] or len(content) > PICTURE[1]:
                small = picture.convert("RGB")
                small.thumbnail((PICTURE[0], PICTURE[0]), Image.Resampling.BOX)
                file = io.BytesIO()
                small.save(file, "JPEG", quality=85)
                content, kind = file.getvalue(), "jpeg"
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return ""
    return picture_address(content, kind)


def class_tables(runs: Sequence[RunRecord], names: Sequence[str]) -> list[ClassTable]:
    """Return the figures of each class after the last evaluation, runs of one kind side by side."""
    tables: dict[tuple[str, tuple[str, ...]], ClassTable] = {}
    for place, (name, run) in enumerate(zip(names, runs, strict=True)):
        for head, found in run.heads.items():
            empty = ClassTable(head, [], found.names, _colours(run, head, len(found.names)), [])
            table = tables.setdefault((head, found.names), empty)
            table.runs.append((place, name))
            table.heads.append(found)
    return list(tables.values())


def confusions(runs: Sequence[RunRecord], names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the confusion matrix of each run and head that has one, and its largest confusions."""
    for name, run in zip(names, runs, strict=True):
        for head, found in run.heads.items():
            if found.counts is None:
                continue
            yield {
                "title": " · ".join(filter(None, (name if len(runs) > 1 else "", head))),
                "matrix": matrix(found.counts, found.names),
                "names": found.names,
                "largest": largest_confusions(found.counts, CONFUSIONS),
            }


def settings_table(runs: Sequence[RunRecord]) -> list[Setting]:
    """Return all settings, those that differ between the runs first."""
    names = dict.fromkeys(name for run in runs for name in run.settings)
    rows = []
    for name in names:
        values = [_text(run.settings[name]) if name in run.settings else "" for run in runs]
        rows.append(Setting(name, values, len(set(values)) > 1))
    return sorted(rows, key=lambda row: not row.differs)


def facts_table(runs: Sequence[RunRecord]) -> list[Setting]:
    """Return the machine, the versions, the time and the memory of each run."""
    found = [facts(run) for run in runs]
    names = dict.fromkeys(name for one in found for name in one)
    return [Setting(name, [one.get(name, "") for one in found], False) for name in names]


def _heads(runs: Sequence[RunRecord]) -> list[str]:
    """Return the heads that any evaluation has, the main one first."""
    found = (head for run in runs for one in run.evaluations for head in one.heads)
    return list(dict.fromkeys(found))


def _legend(run: RunRecord) -> list[tuple[str, str, str]]:
    """Return (head, name, colour) of each class."""
    return [
        (head, name, colour)
        for head, found in run.heads.items()
        for name, colour in zip(found.names, _colours(run, head, len(found.names)), strict=True)
    ]


def _colours(run: RunRecord, head: str, count: int) -> list[str]:
    """Return the colours of a head's classes as HTML has them."""
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in run.colours(head)[:count].tolist()]


def _text(value: Any) -> str:
    """Return a setting's value as it is shown."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
