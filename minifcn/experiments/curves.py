"""The losses of runs as curves over updates, images or time, and as a figure at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from minifcn.experiments.experiment import Chart, Curve
from minifcn.experiments.lab import Run

POINTS = 30  # of a curve: the losses of single batches are too uneven to be compared
LAST = 4  # the loss at the end is the mean over the last quarter of the updates
LOSS = "loss, nats a pixel"
# What a curve can be drawn over: a field of the log's lines, and how the axis is called.
UPDATES, IMAGES, TIME = "number", "images", "seconds"
AXES = {UPDATES: "update", IMAGES: "images", TIME: "time of the updates, s"}


def loss_chart(title: str, runs: Mapping[str, Sequence[Run]], over: str = UPDATES) -> Chart:
    """Return a chart of the losses of several kinds of runs, by their names; see `loss_curve`."""
    return Chart(
        title, AXES[over], LOSS, [loss_curve(name, some, over) for name, some in runs.items()]
    )


def loss_curve(name: str, runs: Sequence[Run], over: str = UPDATES) -> Curve:
    """Return how the loss went down, over UPDATES, IMAGES or TIME; a run for each seed.

    The updates, as many in each run, are divided into stretches, as equal as can be; a point is the
    mean loss of a stretch, at its end. Runs take different times for the same updates: the axis has
    their mean.
    """
    ends = [[part[-1] for part in _stretches(_passed(run, over))] for run in runs]
    losses = [[part.mean() for part in _stretches(run.updates["pixel_loss"])] for run in runs]
    return Curve(name, np.mean(ends, axis=0).tolist(), np.asarray(losses).tolist())


def last_losses(runs: Sequence[Run], share: float = 1.0) -> list[float]:
    """Return the mean loss of the last quarter of the updates, or of the first `share` of them."""
    losses = [run.updates["pixel_loss"] for run in runs]
    firsts = [some[: max(1, round(share * len(some)))] for some in losses]
    return [float(first[-max(1, len(first) // LAST) :].mean()) for first in firsts]


def _passed(run: Run, over: str) -> np.ndarray:
    """Return what had passed after each update: updates, images or seconds.

    An update's time is the median, for other programs interrupt some.
    """
    values = run.updates[over]
    if over == TIME:
        values = np.full(len(values), run.update_seconds)
    return values if over == UPDATES else np.cumsum(values)


def _stretches(values: np.ndarray) -> list[np.ndarray]:
    return np.array_split(values, min(POINTS, len(values)))
