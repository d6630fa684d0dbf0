"""From figures over seeds to a verdict, by rules that are the same for all experiments.

Runs with the same seed share their images' order and their new weights, so they are compared in
pairs: the difference of each pair, and whether all seeds agree on it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minifcn.experiments.experiment import FAILS, HOLDS, OPEN

# Points of mean IU, in percent, that two small trainings differ by for no reason at all.
NOISE = 1.0


def differences(first: Sequence[float], second: Sequence[float]) -> np.ndarray:
    """Return first - second, seed by seed, (seeds,) float64."""
    return np.asarray(first, float) - np.asarray(second, float)


def higher(first: Sequence[float], second: Sequence[float], by: float = NOISE) -> str:
    """Return the verdict on "the first is higher than the second".

    It holds if the first is higher by more than `by` with every seed; it does not if it is higher
    by no more than that with any; else the seeds disagree, and it cannot be told.
    """
    found = differences(first, second)
    if np.all(found > by):
        return HOLDS
    return FAILS if np.all(found <= by) else OPEN


def alike(first: Sequence[float], second: Sequence[float], within: float = NOISE) -> str:
    """Return the verdict on "the two differ by no more than `within`".

    It holds if they do so in the mean and no seed is further off than twice that; it does not if
    every seed is further off than `within`, all to the same side; else it cannot be told.
    """
    found = differences(first, second)
    if abs(found.mean()) <= within and np.all(abs(found) <= 2 * within):
        return HOLDS
    return FAILS if np.all(found > within) or np.all(found < -within) else OPEN


def opposite(verdict: str) -> str:
    """Return the verdict on the contrary of a statement."""
    return {HOLDS: FAILS, FAILS: HOLDS}.get(verdict, verdict)


def together(*verdicts: str) -> str:
    """Return the verdict on a statement of several parts, all of which have to hold."""
    return next((one for one in (FAILS, OPEN) if one in verdicts), HOLDS)


def change(first: Sequence[float], second: Sequence[float], digits: int = 1) -> str:
    """Return in words how far the first are above the second: "+2.1 (+1.8 to +2.5)"."""
    found = differences(first, second)
    mean, low, high = (
        f"{round(value, digits) + 0.0:+.{digits}f}"  # what is rounded to -0.0 is +0.0 then
        for value in (found.mean(), found.min(), found.max())
    )
    return mean if len(found) == 1 else f"{mean} ({low} to {high})"


def said(values: Sequence[float], digits: int = 1) -> str:
    """Return a mean with its spread over seeds, "43.2 (42.1 - 44.0)"; one value by itself."""
    mean, low, high = np.mean(values), np.min(values), np.max(values)
    if len(values) == 1:
        return f"{mean:,.{digits}f}"
    return f"{mean:,.{digits}f} ({low:,.{digits}f} \N{EN DASH} {high:,.{digits}f})"
