"""Section 4.1: score layers that start at zero, or at random."""

from __future__ import annotations

from minifcn.experiments.curves import last_losses, loss_chart
from minifcn.experiments.data_sets import FINE_NET
from minifcn.experiments.experiment import Experiment, Result, Row
from minifcn.experiments.lab import IU, Lab, mean_ius
from minifcn.experiments.verdicts import alike, change, higher, opposite, together

LOSS = "loss at the end, nats a pixel"
SLOWER = 0.02  # nats a pixel: what the loss at the end may be higher by


def scores(lab: Lab) -> Result:
    """Train FCN-8s from score layers of zeros, and from random ones."""
    runs = {
        "from zeros": lab.each_seed("fcn8s"),
        "from random weights": lab.each_seed("fcn8s", score_init="random"),
    }
    ius = {name: mean_ius(some) for name, some in runs.items()}
    losses = {name: last_losses(some) for name, some in runs.items()}
    zeros, drawn = ius.values()
    loss, loss_of_drawn = losses.values()
    return Result(
        [Row(name, {IU: ius[name], LOSS: losses[name]}) for name in runs],
        together(alike(zeros, drawn), opposite(higher(loss, loss_of_drawn, by=SLOWER))),
        f"From zeros instead of random weights, the mean IU changes by {change(zeros, drawn)} "
        f"points, and the loss over the last quarter of the updates by "
        f"{change(loss, loss_of_drawn, 3)}.",
        [loss_chart("score layers at the start", runs)],
        notes=[FINE_NET],
    )


SCORES = Experiment(
    "section 4.1",
    "Score layers that start at zero learn as well and as fast as random ones.",
    "random ones are neither better nor faster",
    scores,
    {"shapes": 5, "camvid": 24},
)
