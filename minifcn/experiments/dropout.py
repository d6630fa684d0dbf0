"""PAMI: dropout behind fc6 and fc7, or none."""

from __future__ import annotations

from minifcn.experiments.data_sets import FINE_NET
from minifcn.experiments.experiment import Experiment, Result, Row
from minifcn.experiments.lab import IU, Lab, mean_ius
from minifcn.experiments.verdicts import alike, change


def dropout(lab: Lab) -> Result:
    """Train FCN-8s with the net's own dropout, and without any."""
    dropped = mean_ius(lab.each_seed("fcn8s"))
    kept = mean_ius(lab.each_seed("fcn8s", dropout=0.0))
    return Result(
        [Row("with dropout", {IU: dropped}), Row("without", {IU: kept})],
        alike(dropped, kept),
        f"Dropout changes the mean IU by {change(dropped, kept)} points.",
        notes=[FINE_NET],
    )


DROPOUT = Experiment(
    "PAMI, section 4",
    "Dropout makes little difference.",
    "little or none",
    dropout,
    {"shapes": 5, "camvid": 24},
)
