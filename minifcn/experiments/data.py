"""Section 4.3: more images, better nets."""

from __future__ import annotations

from minifcn.experiments.data_sets import FINE_NET
from minifcn.experiments.experiment import Chart, Curve, Experiment, Result, Row
from minifcn.experiments.lab import IU, Lab, mean_ius
from minifcn.experiments.verdicts import change, higher

# Smallest first; each part contains the one before.
PARTS = {
    "shapes": ("16", "64", "250", "1.0"),
    "camvid": ("0.125", "0.25", "0.5", "1.0"),
}


def data(lab: Lab) -> Result:
    """Train FCN-8s on parts of the images, with as many updates."""
    total = len(lab.dataset("train"))
    parts = {_count(part, total): part for part in PARTS[lab.data]}
    ius = {
        count: mean_ius(lab.each_seed("fcn8s", **({"images": part} if count < total else {})))
        for count, part in parts.items()
    }
    fewest, most = ius[min(ius)], ius[max(ius)]
    curve = Curve("FCN-8s", list(ius), [list(some) for some in zip(*ius.values(), strict=True)])
    return Result(
        [Row(f"{count:,} images", {IU: some}) for count, some in ius.items()],
        higher(most, fewest),
        f"{max(ius):,} images instead of {min(ius):,} change the mean IU by "
        f"{change(most, fewest)} points.",
        [Chart("more images", "training images", IU, [curve], x_log=True)],
        notes=[
            "All nets have as many updates: of few images each is seen the more often. The paper "
            "goes from 1,112 images to 8,498.",
            FINE_NET,
        ],
    )


def _count(part: str, total: int) -> int:
    return int(part) if part.isdecimal() else round(float(part) * total)


DATA = Experiment(
    "section 4.3",
    "More training images make the net better.",
    "mean IU 56.0 with VOC's images, 59.4 with those of SBD as well",
    data,
    {"shapes": 10, "camvid": 27},
)
