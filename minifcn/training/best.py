"""Which evaluation of a run is the best so far, and for how many the net has not become better.

Evaluations are compared by mean IU, and only those that looked at as many images, which are the
same ones then. All is read off their lines in the log, so a run that is resumed knows it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Line = dict[str, Any]  # of an evaluation in the log


def comparable(lines: Sequence[Line], images: int) -> list[Line]:
    """Return the evaluations that looked at so many images and gave a mean IU."""
    return [x for x in lines if x.get("images") == images and isinstance(x["mean_iu"], float)]


def best_of(lines: Sequence[Line]) -> int | None:
    """Return after how many updates the mean IU was the highest, last; None without any."""
    best = max(lines, key=lambda line: (line["mean_iu"], line["number"]), default=None)
    return None if best is None else best["number"]


def flat_for(lines: Sequence[Line]) -> int:
    """Return how many evaluations there have been since the first with the highest mean IU."""
    figures = [line["mean_iu"] for line in lines]
    return len(figures) - 1 - figures.index(max(figures)) if figures else 0
