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
    "table2": "minifcn.experiments.table2:TABLE2",
    "heat-map": "minifcn.experiments.heat_map:HEAT_MAP",
    "dense": "minifcn.experiments.dense:DENSE_INFERENCE",
    "stitch": "minifcn.experiments.stitch:STITCH",
    "stitch-or-skip": "minifcn.experiments.stitch_or_skip:STITCH_OR_SKIP",
    "upsampling": "minifcn.experiments.upsampling:UPSAMPLING",
    "patches": "minifcn.experiments.patches:PATCHES",
    "sampling": "minifcn.experiments.sampling:SAMPLING",
    "scores": "minifcn.experiments.scores:SCORES",
    "lower-rate": "minifcn.experiments.lower_rate:LOWER_RATE",
    "layers-alone": "minifcn.experiments.layers_alone:LAYERS_ALONE",
    "fusion": "minifcn.experiments.fusion:FUSION",
    "at-once": "minifcn.experiments.at_once:AT_ONCE",
    "momentum": "minifcn.experiments.momentum:MOMENTUM",
    "rate": "minifcn.experiments.rate:RATE",
    "augment": "minifcn.experiments.augment:AUGMENT",
    "dropout": "minifcn.experiments.dropout:DROPOUT",
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
