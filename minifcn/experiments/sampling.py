"""Sections 3.4 and 4.3, Figure 5: all terms of the loss, or some of those of more images."""

from __future__ import annotations

from minifcn.experiments.curves import TIME, last_losses, loss_chart
from minifcn.experiments.data_sets import FINE_NET
from minifcn.experiments.experiment import Experiment, Result, Row
from minifcn.experiments.lab import Lab
from minifcn.experiments.verdicts import alike, change, higher, said, together

LOSS, SECONDS = "loss at the end, nats a pixel", "time, s"
SHARES = (1.0, 0.5, 0.25)  # of the loss's terms, as in the paper
WITHIN = 0.05  # nats a pixel, by which losses may differ that are called alike


def sampling(lab: Lab) -> Result:
    """Train FCN-8s on all terms of the loss, a half and a quarter of them, of as many in all."""
    steps = max(1, lab.steps("fcn8s") // 2)  # a quarter of the terms takes four times as long
    images = max(1, lab.prepared.settings["batch_size"] // 2)
    runs = {
        f"{share:.0%} of the loss": lab.each_seed(
            "fcn8s", steps=steps, sample_loss=share, batch_size=round(images / share)
        )
        for share in SHARES
    }
    losses = {name: last_losses(some) for name, some in runs.items()}
    seconds = {name: [run.seconds for run in some] for name, some in runs.items()}
    whole, *sampled = runs
    times = {
        name: said([a / b for a, b in zip(seconds[name], seconds[whole], strict=True)])
        for name in sampled
    }
    ends = (
        f"{change(losses[name], losses[whole], 2)} nats and {times[name]} times the time "
        f"with {name}"
        for name in sampled
    )
    return Result(
        [Row(name, {LOSS: losses[name], SECONDS: seconds[name]}) for name in runs],
        together(
            *(alike(losses[name], losses[whole], WITHIN) for name in sampled),
            *(higher(seconds[name], seconds[whole], by=0) for name in sampled),
        ),
        f"Beside the whole loss, as many updates end at {', at '.join(ends)}.",
        [
            loss_chart("by update", runs),
            loss_chart("by time", runs, over=TIME),
        ],
        notes=[
            f"An update sees {images} images with the whole loss, and as many more as keep the "
            "number of its terms.",
            FINE_NET,
        ],
    )


SAMPLING = Experiment(
    "sections 3.4 and 4.3, Figure 5",
    "To sample terms of the loss, as patches do, helps no update and takes more images.",
    "the same convergence by iteration with 50 and 25 %, slower by time",
    sampling,
    {"shapes": 4, "camvid": 30},
)
