"""Section 3.2: shift-and-stitch is filter rarefaction, and what both cost the finer they are."""

from __future__ import annotations

import numpy as np

from minifcn.experiments.experiment import (
    FAILS,
    HOLDS,
    UNTRAINED,
    Chart,
    Curve,
    Experiment,
    Result,
    Row,
)
from minifcn.experiments.lab import Lab
from minifcn.experiments.timing import timed
from minifcn.experiments.verdicts import said
from minifcn.models import ModelSpec, build, initialise
from minifcn.net import Net
from minifcn.net.rarefy import rarefy
from minifcn.net.stitch import shift_and_stitch

FACTORS, SMOKE_FACTORS = (1, 2, 4, 8, 16), (1, 2)
STRIDE, WIDTH, SIZE = 32, 1 / 32, (64, 96)  # of the net, and of the image, pixels
SAME = 1e-6  # of the largest score
APART, STITCHED, RAREFIED = "largest difference", "stitched, ms", "rarefied, ms"
SQUARE = (1.7, 2.3)  # what exponents of f count as 2


def stitch(lab: Lab) -> Result:
    """Make the scores of a small FCN-32s f times as dense in both ways; compare, and take time."""
    factors = SMOKE_FACTORS if lab.smoke else FACTORS
    table = np.array([[_tried(seed, f) for f in factors] for seed in lab.seeds])  # (seeds, f, 3)
    rows = [
        Row(
            f"f = {f}, stride {STRIDE // f}",
            {
                STITCHED: table[:, i, 0].tolist(),
                RAREFIED: table[:, i, 1].tolist(),
                APART: table[:, i, 2].tolist(),
            },
        )
        for i, f in enumerate(factors)
    ]
    exponents = [_exponent(factors, times) for times in table[:, :, 0]]
    apart = float(table[:, :, 2].max())
    square = all(SQUARE[0] < exponent < SQUARE[1] for exponent in exponents)
    ratio = table[:, -1, 0] / table[:, -1, 1]
    curves = [
        Curve("shift-and-stitch", factors, table[:, :, 0].tolist()),
        Curve("filter rarefaction", factors, table[:, :, 1].tolist()),
    ]
    return Result(
        rows,
        HOLDS if apart < SAME and square else FAILS,
        f"The scores differ by {apart:.0e} of the largest, and the time of stitching grows with "
        f"the power {said(exponents, 2)} of f. Rarefied, the same takes 1/{ratio.mean():.0f} of "
        f"that at f = {factors[-1]}, for layers before a stride are computed once.",
        [Chart("", "f", "time of an image, ms", curves, x_log=True, y_log=True)],
        notes=[
            f"VGG16 at {WIDTH:g} of its width, random, in float64, {SIZE[0]} x {SIZE[1]} pixels."
        ],
    )


def _net(seed: int) -> Net:
    net = build(ModelSpec("fcn32s", width=WIDTH, padding="same"))
    initialise(net, seed)
    rng = np.random.default_rng(seed)
    for address, array in net.params.items():
        if address.startswith("score_fr"):  # which would be zero
            array[...] = rng.standard_normal(array.shape)
    net.astype("float64")
    return net


def _tried(seed: int, f: int) -> tuple[float, float, float]:
    """Return the milliseconds of both ways, and their largest difference in largest scores."""
    net, stride = _net(seed), STRIDE // f
    inputs = {"data": 50 * np.random.default_rng(seed).standard_normal((1, 3, *SIZE))}
    dense = rarefy(net, stride)
    one, stitched = timed(lambda: shift_and_stitch(net, inputs, stride), 3 if f < 8 else 1)
    other, outputs = timed(lambda: dense.forward(inputs)[0])
    scores = outputs["score_fr"]
    return one, other, float(abs(stitched - scores).max() / abs(scores).max())


def _exponent(factors: tuple[int, ...], times: np.ndarray) -> float:
    """Return the power of f that the times grow with."""
    return float(np.polyfit(np.log(factors), np.log(times), 1)[0])


STITCH = Experiment(
    "section 3.2",
    "Shift-and-stitch and filter rarefaction give the same output; stitching costs f squared.",
    "cost f squared",
    stitch,
    {"shapes": 1},
    idle=UNTRAINED,
)
