"""Section 3.1: a classifier made convolutional, beside one that is slid over the image."""

from __future__ import annotations

from copy import copy

import numpy as np

from minifcn.experiments.experiment import FAILS, HOLDS, UNTRAINED, Experiment, Result, Row
from minifcn.experiments.lab import Lab
from minifcn.experiments.timing import timed
from minifcn.experiments.verdicts import said
from minifcn.layers import Conv2d
from minifcn.models import ModelSpec, build, initialise
from minifcn.models.build import image_size
from minifcn.models.convolutional import convolutional
from minifcn.net import Net

GRID, SMALL_GRID, STRIDE = 10, 3, 32  # places each way, and pixels from one to the next
BATCH = 10  # crops that are classified together
NETS = {"AlexNet": "alexnet", "GoogLeNet": "googlenet"}
DENSE, CROPS, RATIO = "convolutional, ms", "crops, ms", "times as fast"
PAPER = {"AlexNet": {DENSE: 22, CROPS: 120, RATIO: 5.5}}
FASTER = 5  # times as fast, at least
WINDOW, WIDTH = 355, 1 / 8  # what a score of AlexNet sees, pixels; and that of the net compared
SAME = 1e-9  # of the largest score


def dense(lab: Lab) -> Result:
    """Classify a grid of windows of an image at once, and each by itself; compare, take time."""
    grid, width = (SMALL_GRID, WIDTH) if lab.smoke else (GRID, 1.0)
    apart = max(_apart(seed) for seed in lab.seeds)
    rows, ratios = [], []
    for name, backbone in NETS.items():
        times = [_times(ModelSpec("classifier", backbone, 1000, width), s, grid) for s in lab.seeds]
        whole, crops = (list(column) for column in zip(*times, strict=True))
        ratio = [many / one for one, many in times]
        rows.append(Row(name, {DENSE: whole, CROPS: crops, RATIO: ratio}, PAPER.get(name, {})))
        ratios.append(ratio)
    return Result(
        rows,
        HOLDS if apart < SAME and np.min(ratios) >= FASTER else FAILS,
        f"Without padding the scores differ by {apart:.0e} of the largest. Convolutional, "
        + " and ".join(f"{n} is {said(r)} times as fast" for n, r in zip(NETS, ratios, strict=True))
        + ".",
        notes=[
            f"{grid} x {grid} windows, {STRIDE} pixels apart; the crops are classified in batches "
            f"of {BATCH}. The weights are random, which changes no time.",
            "Compared is AlexNet without padding on windows of 355 pixels. With it a crop finds "
            "zeros where the whole image goes on, and the scores are not the same.",
        ],
    )


def _times(spec: ModelSpec, seed: int, grid: int) -> tuple[float, float]:
    """Return the milliseconds of a grid of windows at once, and of each window by itself."""
    classifier, size = build(spec), image_size(spec)
    initialise(classifier, seed)
    sliding = convolutional(classifier, size)
    image = _image(seed, size, grid).astype(np.float32)
    windows, scores = _windows(image, size, grid), classifier.nodes[-1].bottoms[0]

    def each() -> None:
        for start in range(0, len(windows), BATCH):
            batch = {"data": windows[start : start + BATCH]}
            classifier.forward(batch, outputs=[scores])

    return timed(lambda: sliding.forward({"data": image}))[0], timed(each, 1)[0]


def _apart(seed: int) -> float:
    """Return how far the scores of windows are from those of the whole, in largest scores."""
    spec = ModelSpec("classifier", "alexnet", 10, WIDTH)
    classifier = build(spec)
    initialise(classifier, seed)
    last = classifier.params["fc8/weight"]
    last[...] = np.random.default_rng(seed).standard_normal(last.shape)  # it would be zero
    classifier.astype("float64")
    net = _without_padding(convolutional(classifier, image_size(spec)))
    image = _image(seed, WINDOW, SMALL_GRID)
    whole = net.forward({"data": image})[0]["fc8"]  # (1, 10, 3, 3)
    alone = net.forward({"data": _windows(image, WINDOW, SMALL_GRID)})[0]["fc8"]  # (9, 10, 1, 1)
    return float(abs(whole[0].reshape(10, -1) - alone[:, :, 0, 0].T).max() / abs(whole).max())


def _without_padding(net: Net) -> Net:
    nodes = []
    for name, layer, bottoms in net.nodes:
        bare = copy(layer)  # with the same parameters
        if isinstance(bare, Conv2d):
            bare.window = bare.window._replace(pad=(0, 0))
        nodes.append((name, bare, bottoms))
    return Net(nodes)


def _image(seed: int, size: int, grid: int) -> np.ndarray:
    side = size + STRIDE * (grid - 1)
    return 50 * np.random.default_rng(seed).standard_normal((1, 3, side, side))


def _windows(image: np.ndarray, size: int, grid: int) -> np.ndarray:
    """Return the windows of an image as a batch, in reading order."""
    corners = [(STRIDE * i, STRIDE * j) for i, j in np.ndindex(grid, grid)]
    return np.concatenate([image[:, :, y : y + size, x : x + size] for y, x in corners])


DENSE_INFERENCE = Experiment(
    "section 3.1",
    "A convolutional net scores all windows of an image as the classifier would, in a fifth of "
    "the time or less.",
    "a grid of 10 x 10 in 22 ms, a crop in 1.2 ms (AlexNet on a GPU)",
    dense,
    {"shapes": 1},
    idle=UNTRAINED,
)
