"""Table 2 and Figure 4: FCN-32s with all but the scores fixed, FCN-32s, 16s and 8s."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from minifcn.experiments.experiment import Experiment, Result, Row
from minifcn.experiments.lab import IU, Lab, Run, figures, mean_ius
from minifcn.experiments.verdicts import differences, higher, together
from minifcn.inference.metrics import FIGURES
from minifcn.inference.side_by_side import side_by_side
from minifcn.training.settings import STAGES

FIXED = "FCN-32s, only the scores trained"
# In the paper's order: pixel accuracy, mean accuracy, mean IU, frequency weighted IU.
PAPER = {
    FIXED: (83.0, 59.7, 45.4, 72.0),
    "FCN-32s": (89.1, 73.3, 59.4, 81.4),
    "FCN-16s": (90.0, 75.7, 62.4, 83.0),
    "FCN-8s": (90.3, 75.9, 62.7, 83.2),
}
OTHERS = {  # by their keys in `results.json`
    "pixel_accuracy": "pixel accuracy, %",
    "mean_accuracy": "mean accuracy, %",
    "fw_iu": "f.w. IU, %",
}
PICTURED = 3  # held-out images in the picture
NOTES = {
    "shapes": [
        "The small classifier has learned the same shapes, so that its features suit them as they "
        "are; and at stride 32 no net can do much better, for most shapes are thinner than that."
    ]
}


def table2(lab: Lab) -> Result:
    """Train FCN-32s with its classifier fixed, and FCN-32s, 16s and 8s each from the one before."""
    fixed = lab.each_seed("fcn32s", freeze="*,!score*")
    staged = [lab.staged(arch) for arch in STAGES]
    runs = dict(zip(PAPER, (fixed, *staged), strict=True))
    ius = {name: mean_ius(some) for name, some in runs.items()}
    steps = list(zip(list(ius)[1:], list(ius), strict=False))  # each beside the one before
    gains = [differences(ius[name], ius[before]) for name, before in steps]
    shown = {name: some[0] for name, some in runs.items() if name != FIXED}
    return Result(
        [Row(name, figures(some, OTHERS), _printed(name)) for name, some in runs.items()],
        together(
            *(higher(ius[name], ius[before]) for name, before in steps[:-1]),
            higher(ius["FCN-8s"], ius["FCN-16s"], by=0),
        ),
        "Points of mean IU gained: {} by training all layers, {} by the skip of stride 16, {} by "
        "that of stride 8.".format(*(f"{g.mean():+.1f}" for g in gains)),
        pictures={"figure4": figure4(lab, shown)},
        notes=[
            "The skips come with further training, as in the paper: the experiment lower-rate "
            "tells the two apart.",
            *NOTES.get(lab.data, ()),
        ],
    )


def figure4(lab: Lab, runs: Mapping[str, Run]) -> np.ndarray:
    """Return a picture: image, the prediction of each net, and truth, an image a row."""
    models = {name: run.model for name, run in runs.items()}
    return side_by_side(lab.dataset("val"), {**models, "truth": None}, PICTURED)


def _printed(name: str) -> dict[str, float]:
    columns = {**OTHERS, "mean_iu": IU}
    return {columns[key]: value for key, value in zip(FIGURES, PAPER[name], strict=True)}


TABLE2 = Experiment(
    "Table 2 and Figure 4",
    "Training all layers, and skips to finer ones, make the net better: 32s, 16s, 8s.",
    "mean IU 45.4 with the classifier fixed; 59.4, 62.4, 62.7 for FCN-32s, 16s, 8s",
    table2,
    {"shapes": 7, "camvid": 11, "voc": 60},
)
