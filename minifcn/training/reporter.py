"""What a run tells while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from minifcn.inference.metrics import Scores
from minifcn.training.plan import Plan
from minifcn.training.solver import Step


class Reporter:
    """What a run tells while it goes on; a command overrides what it wants to show.

    Attributes
    ----------
    clock : callable or None
        Given to the net while it trains, see `Net.clock`.
    """

    clock: Callable[[str, str, float], None] | None = None

    def note(self, text: str) -> None:
        """Say something worth knowing."""

    def plan(self, plan: Plan) -> None:
        """Tell what is going to be done, before the first update."""

    def images(self, count: int) -> None:
        """Report that so many more images are through, their update perhaps not made yet."""

    def step(self, step: Step, total: int) -> None:
        """Report an update, or several since the last report."""

    def watched(self, indices: Sequence[int]) -> Iterable[int]:
        """Return the images that an evaluation looks at, to be watched as they are taken."""
        return indices

    def evaluation(self, step: int, scores: Scores, head: str = "") -> None:
        """Report an evaluation; of several heads, the main one is called ""."""

    def begun(self, folder: Path, start: int) -> None:
        """Report that the run in a folder goes on after so many updates, which its log tells of."""

    def evaluated(self, folder: Path, number: int) -> None:
        """Report that an evaluation in between is in the log, and its samples are drawn."""

    def finished(self, folder: Path) -> None:
        """Report that the run in a folder is complete."""
