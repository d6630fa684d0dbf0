"""Section 4.3: images mirrored and shifted at random, or as they are."""

from __future__ import annotations

from typing import Any

from minifcn.experiments.data_sets import FINE_NET
from minifcn.experiments.experiment import Experiment, Result, Row
from minifcn.experiments.lab import IU, Lab, mean_ius
from minifcn.experiments.verdicts import change, higher, opposite, together

JITTER = 8  # pixels; the paper's 32 are a quarter of a drawn image
# There are more drawn images than are ever looked at; the paper, too, sees its own many times.
FEW: dict[str, dict[str, Any]] = {"shapes": {"images": "100"}}


def augment(lab: Lab) -> Result:
    """Train FCN-8s on images as they are, mirrored, and mirrored and shifted."""
    few = FEW.get(lab.data, {})
    plain, mirrored, shifted = (
        mean_ius(lab.each_seed("fcn8s", **few, **how))
        for how in ({"mirror": False}, {}, {"jitter": JITTER})
    )
    return Result(
        [
            Row("as they are", {IU: plain}),
            Row("mirrored", {IU: mirrored}),
            Row(f"mirrored, and shifted by up to {JITTER} pixels", {IU: shifted}),
        ],
        together(opposite(higher(mirrored, plain)), opposite(higher(shifted, plain))),
        f"Mirroring changes the mean IU by {change(mirrored, plain)} points, mirroring and "
        f"shifting by {change(shifted, plain)}.",
        notes=[*(f"Trained on {n} images, again and again." for n in few.values()), FINE_NET],
    )


AUGMENT = Experiment(
    "section 4.3",
    "Mirroring images and shifting them by up to 32 pixels gains nothing.",
    "no noticeable improvement",
    augment,
    {"shapes": 6, "camvid": 11},
)
