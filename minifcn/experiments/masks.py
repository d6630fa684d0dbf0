"""PAMI, Table 8: objects without what is around them, that without the objects, shapes alone."""

from __future__ import annotations

import numpy as np

from minifcn.data.masking import masked
from minifcn.experiments.data_sets import FINE_NET
from minifcn.experiments.experiment import Experiment, Result, Row
from minifcn.experiments.lab import Lab, Run
from minifcn.experiments.verdicts import differences, higher, said, together
from minifcn.inference.apply import evaluate
from minifcn.inference.metrics import ConfusionMatrix

IU = "mean IU of objects, %"
# What is hidden in training, what in the test, and the paper's figure.
PAPER = {
    "Reference": ("none", "none", 84.8),
    "Reference-FG": ("none", "background", 81.0),
    "Reference-BG": ("none", "foreground", 19.8),
    "FG-only": ("background", "background", 76.1),
    "BG-only": ("foreground", "foreground", 37.8),
    "Shape": ("both", "both", 29.1),
}


def masks(lab: Lab) -> Result:
    """Train FCN-8s on images of which a part is hidden, and test it on such."""
    ius = {
        name: [_tested(lab, run, train, test) for run in lab.each_seed("fcn8s", **_hiding(train))]
        for name, (train, test, _) in PAPER.items()
    }
    whole, objects, around = (ius[name] for name in list(PAPER)[:3])
    learned = differences(ius["BG-only"], around)
    return Result(
        [Row(name, {IU: ius[name]}, {IU: printed}) for name, (_, _, printed) in PAPER.items()],
        together(
            higher(objects, around),
            higher(ius["FG-only"], ius["BG-only"]),
            higher(ius["BG-only"], around),
        ),
        f"Without background {said(_part(objects, whole), 0)} % of the mean IU are left, without "
        f"objects {said(_part(around, whole), 0)} %. Trained so, a net finds "
        f"{learned.mean():+.1f} points more. Of shapes alone it learns {said(ius['Shape'])} %.",
        notes=[
            "The reference is trained on whole images; -FG is tested on objects without "
            "background, -BG on background without objects. The other three are trained so, too.",
            "The mean is over the classes but the background. Hidden is what the label maps say, "
            "painted in the mean colour, so the outline of what is hidden can be seen.",
            FINE_NET,
        ],
    )


def without_background(confusion: ConfusionMatrix) -> float:
    """Return the mean IU in percent of the classes that occur, but the first."""
    scores = confusion.scores()
    occurring = ~np.isnan(scores.class_accuracy)
    return 100 * float(scores.class_iu[1:][occurring[1:]].mean())


def _hiding(mask: str) -> dict[str, str]:
    """Return the settings of a training; none of those that other experiments have as well."""
    return {} if mask == "none" else {"mask": mask}


def _tested(lab: Lab, run: Run, train: str, test: str) -> float:
    """Return the figure of a run on images of which a part is hidden."""
    if train == test:
        return without_background(ConfusionMatrix.of(np.array(run.results["confusion"])))
    dataset = masked(lab.dataset("val"), test)
    indices = range(min(lab.held_out or len(dataset), len(dataset)))
    return without_background(evaluate(run.model, dataset, indices=indices)[""])


def _part(some: list[float], whole: list[float]) -> list[float]:
    return (100 * np.array(some) / np.maximum(whole, 1e-9)).tolist()


MASKS = Experiment(
    "PAMI, Table 8",
    "A net goes by what objects look like; from what is around them it learns as well, and even "
    "from their shapes.",
    "mean IU of objects 84.8; 81.0 tested without background, 19.8 without objects; 76.1 and 37.8 "
    "trained so too; 29.1 with shapes alone",
    masks,
    {"shapes": 9, "voc": 30},
)
