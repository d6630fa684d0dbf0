"""Section 4.3: the classes of the loss equal, or weighing more the rarer they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minifcn.data.balance import CLASS_WEIGHTS
from minifcn.experiments.data_sets import FINE_NET
from minifcn.experiments.experiment import Experiment, Result, Row
from minifcn.experiments.lab import Lab, figures, mean_ius
from minifcn.experiments.verdicts import change, higher, opposite, together

OTHERS = {  # by their keys in `results.json`
    "mean_accuracy": "mean accuracy, %",
    "pixel_accuracy": "pixel accuracy, %",
}


def balance(lab: Lab) -> Result:
    """Train FCN-8s with equal weights of the classes, and balanced ones."""
    runs = {choice: lab.each_seed("fcn8s", class_weights=choice) for choice in CLASS_WEIGHTS}
    ius = {choice: mean_ius(some) for choice, some in runs.items()}
    equal = ius.pop("equal")
    confusion = np.array(runs["equal"][0].results["confusion"])
    return Result(
        [Row(choice, figures(some, OTHERS)) for choice, some in runs.items()],
        together(*(opposite(higher(some, equal)) for some in ius.values())),
        "; ".join(
            f"{choice} weights change the mean IU by {change(some, equal)} points"
            for choice, some in ius.items()
        )
        + ".",
        notes=[imbalance(confusion, lab.dataset("val").class_names), FINE_NET],
    )


def imbalance(confusion: np.ndarray, names: Sequence[str]) -> str:
    """Say how often the most frequent and the rarest class occur, from a confusion matrix."""
    share = confusion.sum(axis=1) / max(1, confusion.sum())
    common, rare = int(share.argmax()), int(np.where(share > 0, share, 1).argmin())
    return (
        f"Of the held-out pixels {100 * share[common]:.0f} % are {names[common]} and "
        f"{100 * share[rare]:.1f} % {names[rare]}, the rarest class; of VOC's three quarters are "
        "background."
    )


BALANCE = Experiment(
    "section 4.3",
    "Weights that balance the classes are not needed where they differ mildly.",
    "three quarters of the pixels are background, and no weights are needed",
    balance,
    {"shapes": 7, "camvid": 13},
)
