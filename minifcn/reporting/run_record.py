"""A run as its folder tells of it, whether it has finished or not, and whatever wrote it.

A folder may come from anywhere, be half copied, or be of a version that noted less. What cannot be
used is taken as not there; only a folder that holds no run is an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minifcn.data.palette import voc_palette
from minifcn.inference.metrics import FIGURES, ConfusionMatrix, Scores
from minifcn.models.fcn import STRIDES
from minifcn.system.mishaps import Mishap
from minifcn.system.records import fits
from minifcn.training.run_log import read_log

UPDATE = ("number", "loss", "pixel_loss", "rate", "images", "seconds", "waited")


class ReportError(Mishap, ValueError):
    """There is nothing to report of; the message says where, and what was expected."""


class Head(NamedTuple):
    """What an evaluation says of one head of a net."""

    names: tuple[str, ...]  # of the classes
    scores: Scores
    # int64 (C, C), rows are the truth, columns the prediction; None if they were not kept.
    counts: np.ndarray | None


class Evaluation(NamedTuple):
    """An evaluation: after how many updates, of each head ("" is the main one), and when.

    `memory` is in bytes, `images` how many it looked at; either is 0 if it was not noted.
    """

    number: int
    heads: dict[str, Head]
    time: str
    memory: int
    images: int


class RunRecord(NamedTuple):
    """A run."""

    name: str
    folder: Path
    config: dict[str, Any]  # as in `config.json`
    # float64 (U,): what the log says of updates by the names of `UPDATE`.
    updates: dict[str, np.ndarray]
    # In order; of the images that the last one looks at, if `results.json` has it.
    evaluations: list[Evaluation]
    chosen: Evaluation | None  # that of `weights.h5`; before it is there, the last
    made: int  # updates made
    finished: bool
    samples: dict[int, list[Path]]  # the pictures by the number of updates they were drawn after

    @property
    def heads(self) -> dict[str, Head]:
        """Return what the chosen evaluation says of each head; nothing before there is one."""
        return self.chosen.heads if self.chosen else {}

    @property
    def settings(self) -> dict[str, Any]:
        """Return the settings by name."""
        return self.config["settings"]

    @property
    def steps(self) -> int:
        """Return how many updates the run is of."""
        return self.settings["steps"]

    @property
    def looked_at(self) -> list[int]:
        """Return the numbers of images that evaluations looked at, as far as they were noted."""
        return sorted({one.images for one in self.evaluations if one.images})

    @property
    def best(self) -> Evaluation | None:
        """Return the evaluation with the highest mean IU, the last of equals, as `weights.h5`.

        Of those that looked at as many images as the chosen one, which are the same ones then.
        """
        scored = [
            one
            for one in self.evaluations
            if self.chosen
            and one.images == self.chosen.images
            and not np.isnan(one.heads[""].scores.mean_iu)
        ]
        return max(reversed(scored), key=lambda one: one.heads[""].scores.mean_iu, default=None)

    def colours(self, head: str) -> np.ndarray:
        """Return the colours of a head's classes, uint8 (256, 3): VOC's if they were not kept."""
        palette = voc_palette()
        known = mapping(mapping(self.config.get("classes")).get(head)).get("colours")
        try:
            colours = np.asarray(known or [], np.uint8).reshape(-1, 3)[:256]
        except (TypeError, ValueError, OverflowError):
            return palette
        palette[: len(colours)] = colours
        return palette


def find_runs(folder: Path) -> list[Path]:
    """Return the runs that a path means: itself, or those of the stages therein.

    Raises
    ------
    ReportError
        If it is neither.
    """
    stages = [folder / arch for arch in STRIDES if (folder / arch / "config.json").is_file()]
    found = [folder] if (folder / "config.json").is_file() else stages
    if not found:
        raise ReportError(f"{folder} is no run: it holds no config.json; give the folder of a run")
    return found


def read_run(folder: Path) -> RunRecord:
    """Return what the folder of a run tells.

    Raises
    ------
    ReportError
        If its `config.json` is not there or does not hold settings.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if not fits(config["settings"]["steps"], int):
            raise TypeError("steps is no number")
    except (KeyError, TypeError, ValueError, RecursionError, FileNotFoundError) as error:
        raise ReportError(
            f"{folder / 'config.json'} does not hold the settings of a run ({error})"
        ) from error
    planned = config["settings"]["steps"]
    log = read_log(folder / "log.jsonl")
    lines = [r for r in log if "loss" in r and all(fits(r.get(name), float) for name in UPDATE)]
    updates = {name: np.array([line[name] for line in lines], float) for name in UPDATE}
    result = mapping(_read_json(folder / "results.json"))
    # Of `weights.h5`, and, if that is an earlier state, of the last one.
    records = [{"number": result.get("steps", planned), **result}]
    if last := mapping(result.get("last")):
        records.append({**result, "number": last.get("steps"), **last})
    final = [one for record in records for one in _evaluations(record)]
    evaluations = {one.number: one for record in log for one in _evaluations(record)}
    evaluations |= {one.number: one for one in final}
    in_order = [evaluations[number] for number in sorted(evaluations)]
    made = int(max([*updates["number"], *evaluations], default=0))
    ended = final and final[-1].number == made
    finished = bool(ended and (made >= planned or "stopped_when_flat" in result))
    return RunRecord(
        folder.resolve().name,
        folder,
        config,
        updates,
        in_order,
        final[0] if finished else (in_order[-1] if in_order else None),
        made,
        finished,
        sample_pictures(folder / "samples"),
    )


def _evaluations(record: Mapping[str, Any]) -> Iterator[Evaluation]:
    """Yield the evaluation that a line of the log, or `results.json`, holds, if it holds one."""
    heads = {"": record, **mapping(record.get("heads"))}
    read = {name: head for name, one in heads.items() if (head := _head(mapping(one)))}
    if "" in read and fits(record.get("number"), int):
        when = record.get("time")
        memory, images = (
            record[name] if fits(record.get(name), int) else 0 for name in ("memory", "images")
        )
        yield Evaluation(
            record["number"], read, when if isinstance(when, str) else "", memory, images
        )


def _head(record: Mapping[str, Any]) -> Head | None:
    """Return what is said of a head; None if there are no figures."""
    classes = mapping(record.get("class_iu"))
    values = [*(record.get(name) for name in FIGURES), *classes.values()]
    if not classes or not all(value is None or fits(value, float) for value in values):
        return None
    figures = np.array([np.nan if value is None else value for value in values], float)
    counts = _counts(record.get("confusion"), len(classes))
    if counts is None:
        unknown = np.full(len(classes), np.nan)
        pixel_accuracy, mean_accuracy, mean_iu, fw_iu = figures[:4].tolist()
        scores = Scores(pixel_accuracy, mean_accuracy, mean_iu, fw_iu, unknown, figures[4:])
        return Head(tuple(classes), scores, None)
    return Head(tuple(classes), ConfusionMatrix.of(counts).scores(), counts)


def _counts(rows: Any, classes: int) -> np.ndarray | None:
    """Return the counts of a confusion matrix; None if these are none."""
    try:
        counts = np.array(rows, np.int64)
    except (TypeError, ValueError, OverflowError):
        return None
    return counts if counts.shape == (classes, classes) and counts.min() >= 0 else None


def sample_pictures(folder: Path) -> dict[int, list[Path]]:
    """Return the pictures in a folder by the number of updates in their names."""
    found: dict[int, list[Path]] = {}
    for path in sorted(folder.glob("*_step_*.png")):
        number = path.stem.rpartition("_")[2]
        if number.isdecimal() and path.is_file():
            found.setdefault(int(number), []).append(path)
    return dict(sorted(found.items()))


def _read_json(path: Path) -> Any:
    """Return what a file of JSON holds; None if it is not there or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def mapping(value: Any) -> dict[str, Any]:
    """Return a value that should be a mapping, or an empty one in its place."""
    return value if isinstance(value, dict) else {}
