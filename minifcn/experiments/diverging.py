"""Trainings that may diverge: where that is what an experiment asks."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from minifcn.experiments.lab import Lab, Run
from minifcn.training.solver import Diverged


def runs_or_none(lab: Lab, arch: str, **settings: Any) -> list[Run | None]:
    """Return a run for each seed, None where the loss became infinite; see `Lab.each_seed`."""
    return [_run_or_none(lab, seed, arch, settings) for seed in lab.seeds]


def _run_or_none(lab: Lab, seed: int, arch: str, settings: dict[str, Any]) -> Run | None:
    with warnings.catch_warnings():
        # What diverges overflows before its loss shows it.
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            return lab.train(seed, arch, **settings)
        except Diverged as error:
            lab.note(f"{arch}, seed {seed}, diverged: {error}")
            return None


def worth(values: Sequence[float]) -> list[float]:
    """Return mean IUs with 0 for those that diverged, to compare them."""
    return np.nan_to_num(values, nan=0.0).tolist()
