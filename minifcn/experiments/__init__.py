"""The paper's tables, figures and statements, one file each.

A new one is an `Experiment` in a file of its own, with a line in `EXPERIMENTS`:
docs/contributing.md shows one.
"""

from __future__ import annotations

from pkgutil import resolve_name

from minifcn.experiments.experiment import Experiment

# Where each is, in the order of the paper.
EXPERIMENTS = {
    "upsampling": "minifcn.experiments.upsampling:UPSAMPLING",
    "balance": "minifcn.experiments.balance:BALANCE",
    "fine-tune": "minifcn.experiments.fine_tune:FINE_TUNE",
    "data": "minifcn.experiments.data:DATA",
    "modalities": "minifcn.experiments.modalities:MODALITIES",
    "heads": "minifcn.experiments.heads:HEADS",
    "masks": "minifcn.experiments.masks:MASKS",
    "context": "minifcn.experiments.context:CONTEXT",
}


def experiment(name: str) -> Experiment:
    """Return an experiment of `EXPERIMENTS`."""
    return resolve_name(EXPERIMENTS[name])
