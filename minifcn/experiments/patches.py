"""Section 3.4: the loss over an image is the sum over its patches, and so are the gradients."""

from __future__ import annotations

import numpy as np

from minifcn.experiments.experiment import FAILS, HOLDS, Experiment, Result, Row
from minifcn.experiments.lab import Lab
from minifcn.experiments.timing import milliseconds
from minifcn.experiments.verdicts import said
from minifcn.layers import Conv2d, MaxPool2d, ReLU, SoftmaxLoss
from minifcn.models import initialise
from minifcn.net import Net

CLASSES, PLACES = 4, (16, 20)
SAME = 1e-10  # of the largest gradient of a parameter
APART, TIME = "largest difference", "loss and gradients, ms"
WAYS = ("the image at once", "place by place, the others ignored", "a batch of patches")

Gradients = dict[str, np.ndarray]


def patches(lab: Lab) -> Result:
    """Compute loss and gradients of a small net over an image, and over its patches."""
    tried = np.array([_tried(seed) for seed in lab.seeds])  # (seeds, ways, 2)
    rows = [
        Row(name, {TIME: tried[:, i, 0].tolist(), APART: tried[:, i, 1].tolist()})
        for i, name in enumerate(WAYS)
    ]
    apart, slower = tried[:, :, 1].max(), tried[:, 2, 0] / tried[:, 0, 0]
    return Result(
        rows,
        HOLDS if apart < SAME else FAILS,
        f"Loss and gradients differ by {apart:.0e} of the largest; patches as a batch take "
        f"{said(slower)} times as long as the image.",
        notes=[
            "Without padding, as the patches have none either; float64. Differences are from the "
            "image at once, relative to the largest gradient of a parameter.",
        ],
    )


def _net(seed: int) -> Net:
    net = Net(
        [
            ("conv1", Conv2d(3, 8, 3), "data"),
            ("relu1", ReLU(), "conv1"),
            ("pool1", MaxPool2d(2, ceil=False), "relu1"),
            ("conv2", Conv2d(8, 16, 3), "pool1"),
            ("relu2", ReLU(), "conv2"),
            ("score", Conv2d(16, CLASSES, 1), "relu2"),
            ("loss", SoftmaxLoss("none"), ("score", "label")),  # the sum
        ]
    )
    net.astype("float64")
    initialise(net, seed)
    weight = net.params["score/weight"]
    weight[...] = np.random.default_rng(seed).standard_normal(weight.shape)
    return net


def _tried(seed: int) -> list[tuple[float, float]]:
    """Return of each way the milliseconds, and the largest difference from the first."""
    net, rng = _net(seed), np.random.default_rng(seed)
    field = net.receptive_fields()["score"]
    size, stride = int(field.size), int(field.stride)
    image = rng.standard_normal((1, 3, *(size + stride * (count - 1) for count in PLACES)))
    label = rng.integers(0, CLASSES, (1, *PLACES))
    places = list(np.ndindex(*PLACES))
    windows = [
        image[:, :, stride * i : stride * i + size, stride * j : stride * j + size]
        for i, j in places
    ]
    batch = np.concatenate(windows)

    def whole() -> Gradients:
        return _gradients(net, image, label)

    def in_turn() -> Gradients:
        total: Gradients = {}
        for place in places:
            only = np.full_like(label, 255)
            only[(0, *place)] = label[(0, *place)]
            for name, gradient in _gradients(net, image, only).items():
                total[name] = total.get(name, 0) + gradient
        return total

    def at_once() -> Gradients:
        return _gradients(net, batch, label.reshape(-1, 1, 1))

    expected = whole()
    return [
        (milliseconds(way, 1 if way is in_turn else 5), _apart(way(), expected))
        for way in (whole, in_turn, at_once)
    ]


def _gradients(net: Net, image: np.ndarray, label: np.ndarray) -> Gradients:
    """Return the gradients of all parameters, and the loss as one more."""
    outputs, tape = net.forward({"data": image, "label": label}, train=True)
    assert tape is not None
    return {"the loss": outputs["loss"], **dict(net.backward(tape))}


def _apart(ours: Gradients, theirs: Gradients) -> float:
    return max(float(abs(ours[n] - theirs[n]).max() / abs(theirs[n]).max()) for n in theirs)


PATCHES = Experiment(
    "section 3.4",
    "The loss over an image is the sum of the losses over its patches, and so is its gradient.",
    "",
    patches,
    {"shapes": 1},
)
