"""Section 3.4: the loss over an image is the sum over its patches, and so are the gradients."""

from __future__ import annotations

import numpy as np

from minifcn.experiments.experiment import FAILS, HOLDS, UNTRAINED, Experiment, Result, Row
from minifcn.experiments.lab import Lab
from minifcn.experiments.timing import timed
from minifcn.experiments.verdicts import said
from minifcn.layers import Conv2d, MaxPool2d, ReLU, SoftmaxLoss
from minifcn.models import initialise
from minifcn.net import Net

CLASSES, PLACES = 4, (8, 10)
SAME = 1e-10  # of the largest gradient of a parameter
APART, TIME = "largest difference", "loss and gradients, ms"
WORK = "times the multiplications"
WAYS = ("the image at once", "place by place, the others ignored", "a batch of patches")

Gradients = dict[str, np.ndarray]


def patches(lab: Lab) -> Result:
    """Compute loss and gradients of a small net over an image, and over its patches."""
    tried = np.array([_tried(seed) for seed in lab.seeds])  # (seeds, ways, 3)
    rows = [
        Row(name, dict(zip((TIME, WORK, APART), tried[:, i].T.tolist(), strict=True)))
        for i, name in enumerate(WAYS)
    ]
    apart, more = tried[:, :, 2].max(), tried[:, 2, 1].tolist()
    slower = (tried[:, 2, 0] / tried[:, 0, 0]).tolist()
    return Result(
        rows,
        HOLDS if apart < SAME else FAILS,
        f"Loss and gradients differ by {apart:.0e} of the largest; patches as a batch take "
        f"{said(more)} times the multiplications of the image, and {said(slower, 0)} times as "
        "long.",
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


def _tried(seed: int) -> list[tuple[float, float, float]]:
    """Return of each way the milliseconds, and from the first its work and largest difference."""
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

    (least, expected), *others = timed(whole), timed(in_turn, 1), timed(at_once)
    work = 1.0, len(places), _flops(net, batch.shape) / _flops(net, image.shape)
    apart = [0.0, *(_apart(found, expected) for _, found in others)]
    return list(zip((least, *(taken for taken, _ in others)), work, apart, strict=True))


def _gradients(net: Net, image: np.ndarray, label: np.ndarray) -> Gradients:
    """Return the gradients of all parameters, and the loss as one more."""
    outputs, tape = net.forward({"data": image, "label": label}, train=True)
    assert tape is not None
    return {"the loss": outputs["loss"], **dict(net.backward(tape))}


def _flops(net: Net, image: tuple[int, ...]) -> int:
    """Return the multiplications and additions of the scores."""
    shapes = net.shapes(data=image)
    nodes = net.needed(["score"])
    return sum(n.layer.flops(*(shapes[bottom] for bottom in n.bottoms)) for n in nodes)


def _apart(ours: Gradients, theirs: Gradients) -> float:
    return max(float(abs(ours[n] - theirs[n]).max() / abs(theirs[n]).max()) for n in theirs)


PATCHES = Experiment(
    "section 3.4",
    "The loss over an image is the sum of the losses over its patches, and so is its gradient.",
    "",
    patches,
    {"shapes": 1},
    idle=UNTRAINED,
)
