"""PAMI, Table 2: the same images in large and small batches, with less and more momentum."""

from __future__ import annotations

from minifcn.experiments.curves import IMAGES, loss_chart
from minifcn.experiments.data_sets import FINE_NET
from minifcn.experiments.experiment import Experiment, Result, Row
from minifcn.experiments.lab import IU, Lab, figures, mean_ius
from minifcn.experiments.verdicts import change, higher, together

PIXELS = "pixel accuracy, %"
OTHERS = {"pixel_accuracy": PIXELS}  # by its key in `results.json`
ACCUMULATED, ONE_BY_ONE, HEAVY = (
    "accumulated: 20 images, momentum 0.9",
    "one by one: 1 image, momentum 0.9",
    "heavy: 1 image, momentum 0.99",
)
PAPER = {ACCUMULATED: (51.9, 86.0), ONE_BY_ONE: (60.7, 89.3), HEAVY: (63.6, 90.5)}
LARGE, AT_ONCE = 20, 4  # images of an update, and of a batch that goes through the net


def momentum(lab: Lab) -> Result:
    """Train FCN-8s by each recipe on as many images, the same in the same order."""
    usual = lab.prepared.settings["batch_size"]
    updates = max(1, lab.steps("fcn8s") * usual // LARGE)
    several = {"batch_size": AT_ONCE, "accumulate": LARGE // AT_ONCE, "steps": updates}
    single = {"batch_size": 1, "accumulate": 1, "steps": LARGE * updates}
    # A single image moves the weights as far as in the usual batch, with whichever momentum.
    rate = lab.rate("fcn8s")
    one, heavy = rate / usual, 0.1 * rate / usual
    runs = {
        ACCUMULATED: lab.each_seed("fcn8s", **several, mirror=False),
        ONE_BY_ONE: lab.each_seed("fcn8s", **single, mirror=False, rate=one),
        HEAVY: lab.each_seed("fcn8s", **single, mirror=False, rate=heavy, momentum=0.99),
    }
    ius = {name: mean_ius(some) for name, some in runs.items()}
    return Result(
        [
            Row(name, figures(some, OTHERS), dict(zip((IU, PIXELS), PAPER[name], strict=True)))
            for name, some in runs.items()
        ],
        together(
            higher(ius[ONE_BY_ONE], ius[ACCUMULATED]),
            higher(ius[HEAVY], ius[ONE_BY_ONE], by=0),
        ),
        f"One by one, the mean IU is {change(ius[ONE_BY_ONE], ius[ACCUMULATED])} points above that "
        f"of accumulated gradients, with more momentum "
        f"{change(ius[HEAVY], ius[ONE_BY_ONE])} above that.",
        [loss_chart("the same images by three recipes", runs, over=IMAGES)],
        notes=[
            f"Rates: {rate:g}, {one:g} and {heavy:g}; a single image at the first would undo what "
            f"others have taught. Accumulated gradients make {LARGE} times fewer updates of the "
            "same images.",
            FINE_NET,
        ],
    )


MOMENTUM = Experiment(
    "PAMI, Table 2",
    "Of the same images, small batches with much momentum make a better net than large ones.",
    "mean IU 51.9 accumulated, 60.7 one by one, 63.6 with momentum 0.99",
    momentum,
    {"shapes": 8, "camvid": 45},
)
