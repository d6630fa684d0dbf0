"""An experiment's `results.json`: all that its table, its picture and the gallery are made from."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from minifcn.experiments.experiment import Experiment, Result
from minifcn.system.files import write_json

NAME = "results.json"


def write_record(
    folder: Path, name: str, experiment: Experiment, result: Result, how: dict[str, Any]
) -> dict[str, Any]:
    """Write what came out of an experiment of that name; return it as `read_record` does.

    `how` is what else there is to know: "data", "seeds", "smoke", "minutes", "command".
    """
    record = {
        "experiment": name,
        "section": experiment.section,
        "statement": experiment.statement,
        "paper": experiment.paper,
        **how,
        "rows": [
            {
                "name": row.name,
                "values": {key: [float(v) for v in some] for key, some in row.values.items()},
                "paper": dict(row.paper),
            }
            for row in result.rows
        ],
        "charts": [
            {
                **chart._asdict(),
                "curves": [
                    {
                        "name": curve.name,
                        "x": [float(x) for x in curve.x],
                        "ys": [[float(y) for y in ys] for ys in curve.ys],
                    }
                    for curve in chart.curves
                ],
            }
            for chart in result.charts
        ],
        "pictures": [f"{key}.png" for key in result.pictures],
        "verdict": result.verdict,
        "reason": result.reason,
        "notes": list(result.notes),
    }
    plain: dict[str, Any] = _plain(record)
    write_json(folder / NAME, plain)
    return plain


def read_record(folder: Path) -> dict[str, Any]:
    """Return what `write_record` wrote."""
    return json.loads((folder / NAME).read_text(encoding="utf-8"))


def _plain(value: Any) -> Any:
    """Return a value for JSON, which has neither infinity nor "not a number"."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
