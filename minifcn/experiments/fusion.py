"""Section 4.2: the scores of several layers added, or the largest of them taken."""

from __future__ import annotations

from minifcn.experiments.curves import loss_chart
from minifcn.experiments.experiment import Experiment, Result, Row
from minifcn.experiments.lab import IU, Lab, mean_ius
from minifcn.experiments.verdicts import change, higher


def fusion(lab: Lab) -> Result:
    """Train FCN-8s with either fusion."""
    runs = {"sum": lab.each_seed("fcn8s"), "maximum": lab.each_seed("fcn8s", fuse="max")}
    added, largest = map(mean_ius, runs.values())
    return Result(
        [Row("sum", {IU: added}), Row("maximum", {IU: largest})],
        higher(added, largest),
        f"With the sum, the mean IU is {change(added, largest)} points above that with the "
        "maximum.",
        [loss_chart("loss with either fusion", runs)],
    )


FUSION = Experiment(
    "section 4.2",
    "Layers are fused by a sum: with a maximum, gradients that switch make learning hard.",
    "",
    fusion,
    {"shapes": 5},
)
