"""The paper's tables, figures and statements, one file each.

A new one is an `Experiment` in a file of its own, with a line in `EXPERIMENTS`:
docs/contributing.md shows one.
"""

from __future__ import annotations

from pkgutil import resolve_name

from minifcn.experiments.experiment import Experiment

# Where each is, in the order of the paper.
EXPERIMENTS = {
    "table1": "minifcn.experiments.table1:TABLE1",
    "upper-bounds": "minifcn.experiments.upper_bounds:UPPER_BOUNDS",
    "upsampling": "minifcn.experiments.upsampling:UPSAMPLING",
}


def experiment(name: str) -> Experiment:
    """Return an experiment of `EXPERIMENTS`."""
    return resolve_name(EXPERIMENTS[name])
