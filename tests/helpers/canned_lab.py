"""A lab that trains nothing: its runs have the figures that a test gives them."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

# From what a run was made of, among them "arch", "seed" and "after", to its figures: "mean_iu" in
# percent, and "losses" and "seconds" of its updates where they matter. None: it diverges.
Figures = Callable[[dict[str, Any]], dict[str, Any] | None]


class CannedRun(NamedTuple):
    """What experiments ask of a run."""

    seed: int
    made: dict[str, Any]
    figures: dict[str, Any]

    @property
    def mean_iu(self) -> float:
        return self.figures["mean_iu"]

    @property
    def results(self) -> dict[str, float]:
        names = ("mean_iu", "pixel_accuracy", "mean_accuracy", "fw_iu")
        return dict.fromkeys(names, self.mean_iu / 100)

    @property
    def settings(self) -> dict[str, Any]:
        return {"rate": 0.02, **self.made}

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
    def seconds(self) -> float:
        return float(self.updates["seconds"].sum())
