"""Sections 3.3 and 4.3: the twofold upsampling of the skips, learned or fixed as bilinear."""

from __future__ import annotations

from minifcn.experiments.experiment import Experiment, Result, Row
from minifcn.experiments.lab import IU, Lab, mean_ius
from minifcn.experiments.verdicts import alike, change


def upsampling(lab: Lab) -> Result:
    """Train FCN-8s with its twofold upsampling fixed, and learned."""
    fixed = mean_ius(lab.each_seed("fcn8s"))
    learned = mean_ius(lab.each_seed("fcn8s", learn_upsampling=True))
    return Result(
        [Row("bilinear, fixed", {IU: fixed}), Row("bilinear at first, learned", {IU: learned})],
        alike(learned, fixed),
        f"Learning the kernels changes the mean IU by {change(learned, fixed)} points.",
    )


UPSAMPLING = Experiment(
    "sections 3.3 and 4.3",
    "The upsampling between skips starts as bilinear, and can be learned.",
    "",
    upsampling,
    {"shapes": 5},
)
