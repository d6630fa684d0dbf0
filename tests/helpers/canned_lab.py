"""A lab that trains nothing: its runs have the figures that a test gives them."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from minifcn.training.solver import Diverged

# From what a run was made of, among them "arch", "seed" and "after", to its figures: "mean_iu" in
# percent, and "losses" and "seconds" of its updates and more "results" where they matter. None: it
# diverges.
Figures = Callable[[dict[str, Any]], dict[str, Any] | None]


class CannedRun(NamedTuple):
    """What experiments ask of a run."""

    seed: int
    made: dict[str, Any]
    figures: dict[str, Any]
    model: None = None

    @property
    def mean_iu(self) -> float:
        return self.figures["mean_iu"]

    @property
    def results(self) -> dict[str, Any]:
        names = ("mean_iu", "pixel_accuracy", "mean_accuracy", "fw_iu")
        return {**dict.fromkeys(names, self.mean_iu / 100), **self.figures.get("results", {})}

    @property
    def updates(self) -> dict[str, np.ndarray]:
        losses = np.asarray(self.figures.get("losses", [2.0, 1.0, 1.0, 1.0]))
        count = len(losses)
        return {
            "number": np.arange(1, count + 1),
            "pixel_loss": losses,
            "images": np.full(count, 4),
            "seconds": np.full(count, self.figures.get("seconds", 1.0)),
        }

    @property
    def update_seconds(self) -> float:
        return float(np.median(self.updates["seconds"]))

    @property
    def seconds(self) -> float:
        return float(self.updates["seconds"].sum())


class CannedLab:
    """What experiments ask of a `Lab`.

    Parameters
    ----------
    figures : Figures
        Of the runs.
    data : str
    """

    seeds = range(3)
    smoke = False
    prepared = SimpleNamespace(settings={"batch_size": 4})

    def __init__(self, figures: Figures, data: str = "shapes") -> None:
        self.figures = figures
        self.data = data
        self.notes: list[str] = []
        self.runs: list[CannedRun] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def steps(self, arch: str) -> int:
        return {"fcn32s": 300, "fcn16s": 200, "fcn8s": 300, "fcn8s-at-once": 400}[arch]

    def rate(self, arch: str) -> float:
        return 0.02

    def dataset(self, split: str = "val") -> None:
        return None

    def train(self, seed: int, arch: str, *, after: Any = None, **settings: Any) -> CannedRun:
        made = {"arch": arch, "seed": seed, "after": after, **settings}
        figures = self.figures(made)
        if figures is None:
            raise Diverged("the loss is nan")
        self.runs.append(CannedRun(seed, made, figures))
        return self.runs[-1]

    def each_seed(self, arch: str, **settings: Any) -> list[CannedRun]:
        return [self.train(seed, arch, **settings) for seed in self.seeds]

    def after_each(self, runs: list[CannedRun], arch: str, **settings: Any) -> list[CannedRun]:
        return [self.train(run.seed, arch, after=run, **settings) for run in runs]

    def staged(self, arch: str) -> list[CannedRun]:
        before = {"fcn16s": "fcn32s", "fcn8s": "fcn16s"}
        if arch not in before:
            return self.each_seed(arch)
        return self.after_each(self.staged(before[arch]), arch)
