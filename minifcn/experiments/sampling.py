"""Sections 3.4 and 4.3, Figure 5: all terms of the loss, or some of those of more images."""

from __future__ import annotations

from minifcn.experiments.curves import IMAGES, last_losses, loss_chart
from minifcn.experiments.data_sets import FINE_NET
from minifcn.experiments.experiment import Experiment, Result, Row
from minifcn.experiments.lab import Lab
from minifcn.experiments.verdicts import alike, change, higher, together

LOSS, LOSS_BY_IMAGES = "loss at the end, nats a pixel", "after as many images, nats a pixel"
SECONDS = "time, s"
SHARES = (1.0, 0.5, 0.25)  # of the loss's terms, as in the paper
WITHIN = 0.05  # nats a pixel, by which losses may differ that are called alike
# On the usual rate, at which it counts how many images the gradient of an update is of: few are too
# noisy for it, and the paper's fewest are twenty.
LOWER = 0.25


def sampling(lab: Lab) -> Result:
    """Train FCN-8s on all terms of the loss, a half and a quarter of them, of as many in all."""
    steps = max(1, lab.steps("fcn8s") // 2)  # a quarter of the terms takes four times as long
    images = max(1, lab.prepared.settings["batch_size"] // 2)
    how = {"steps": steps, "rate": LOWER * lab.rate("fcn8s"), "policy": "fixed"}
    runs = {
        share: lab.each_seed("fcn8s", **how, sample_loss=share, batch_size=round(images / share))
        for share in SHARES
    }
    ends = {share: last_losses(some) for share, some in runs.items()}
    by_images = {share: last_losses(some, share) for share, some in runs.items()}
    whole, *parts = SHARES
    named = {f"{share:.0%} of the loss": some for share, some in runs.items()}
    return Result(
        [
            Row(
                name,
                {
                    LOSS: ends[share],
                    LOSS_BY_IMAGES: by_images[share],
                    SECONDS: [run.seconds for run in some],
                },
            )
            for (name, some), share in zip(named.items(), SHARES, strict=True)
        ],
        together(
            *(alike(ends[share], ends[whole], WITHIN) for share in parts),
            *(higher(by_images[share], ends[whole], WITHIN) for share in parts),
        ),
        "Beside the whole loss, it ends "
        + ", and ".join(
            f"with {share:.0%} of it at {change(ends[share], ends[whole], 2)} nats after as many "
            f"updates, at {change(by_images[share], ends[whole], 2)} after as many images"
            for share in parts
        )
        + ".",
        [
            loss_chart("by update", named),
            loss_chart("by images seen", named, over=IMAGES),
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
    {"shapes": 5, "camvid": 30},
)
