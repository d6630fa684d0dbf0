"""The other layers to be checked: each a function whose arguments are the options of the command.

Where a layer has plain loops in `functional/naive/`, it is held to these as well as to differences.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minifcn.checking.case import Arrays, Backward, Case, Way, draw, drawn, plain, through
from minifcn.functional import naive
from minifcn.functional.arguments import Pair
from minifcn.functional.pooling import max_pool_forward
from minifcn.functional.window import PoolWindow
from minifcn.layers import (
    LRN,
    AvgPool2d,
    Dropout,
    Linear,
    MaxPool2d,
    ReLU,
    SoftmaxLoss,
)
from minifcn.training.optim import SGD

PIXELS = ("image", "channel", "row", "column")
MAPS = {"x": PIXELS, "y": PIXELS}
IGNORED = 7  # every seventh pixel has the label that does not count


def max_pool(
    *,
    images: int = 2,
    channels: int = 3,
    size: Pair = (7, 6),
    kernel: Pair = (3, 3),
    stride: Pair = (2, 2),
    pad: Pair = (0, 0),
    dilation: Pair = (1, 1),
    floor: bool = False,
    ties: bool = False,
) -> Case:
    """Return a max pooling; with ties the pixels are whole numbers."""
    window = PoolWindow.of(kernel, stride, pad, not floor, dilation)
    layer = MaxPool2d(kernel, stride=stride, pad=pad, ceil=not floor, dilation=dilation)
    case = _pooling(layer, images, channels, size)
    loops = plain(naive.max_pool, naive.max_pool_backward, **window._asdict())

    def inference(arrays: Arrays) -> tuple[Arrays, None]:
        return {"y": max_pool_forward(arrays["x"], window, train=False)[0]}, None

    if ties:
        case.arrays["x"][...] = np.round(2 * case.arrays["x"])
    ways = [
        loops,
        Way("fast/pool_planes.py", case.ways[0].run),
        Way("in inference", inference),
    ]
    return case._replace(ways=ways)


def avg_pool(
    *,
    images: int = 2,
    channels: int = 3,
    size: Pair = (7, 6),
    kernel: Pair = (3, 3),
    stride: Pair = (2, 2),
    pad: Pair = (0, 0),
    dilation: Pair = (1, 1),
    floor: bool = False,
) -> Case:
    """Return an average pooling."""
    window = PoolWindow.of(kernel, stride, pad, not floor, dilation)
    layer = AvgPool2d(kernel, stride=stride, pad=pad, ceil=not floor, dilation=dilation)
    case = _pooling(layer, images, channels, size)
    loops = plain(naive.avg_pool, naive.avg_pool_backward, **window._asdict())
    return case._replace(ways=[loops, *case.ways])


def _pooling(layer: MaxPool2d | AvgPool2d, images: int, channels: int, size: Pair) -> Case:
    y_shape, kernel = layer.output_shape((images, channels, *size)), layer.window.kernel_size
    return Case(
        drawn(x=(images, channels, *size)),
        [Way("pooling.py", through(layer, "x"))],
        prod(y_shape) * prod(kernel),
        axes=MAPS,
        sizes={"the number of images": images, "the area of the window": prod(kernel)},
    )


def relu(*, images: int = 2, channels: int = 3, size: Pair = (5, 4), zeros: bool = False) -> Case:
    """Return a rectifier; with zeros the numbers are whole ones."""
    arrays = drawn(x=(images, channels, *size))
    if zeros:
        arrays["x"][...] = np.round(arrays["x"])
    ways = [plain(naive.relu, naive.relu_backward), Way("relu.py", through(ReLU(), "x"))]
    return Case(arrays, ways, arrays["x"].size, axes=MAPS)


def lrn(
    *,
    images: int = 2,
    channels: int = 7,
    size: Pair = (3, 4),
    local_size: int = 5,
    alpha: float = 0.5,
    beta: float = 0.75,
    k: float = 1.0,
) -> Case:
    """Return a normalisation; its alpha is large, so that the neighbours count."""
    options: dict[str, Any] = {"local_size": local_size, "alpha": alpha, "beta": beta, "k": k}
    layer, arrays = LRN(**options), drawn(x=(images, channels, *size))
    ways = [plain(naive.lrn, naive.lrn_backward, **options), Way("lrn.py", through(layer, "x"))]
    sizes = {**options, "alpha / local_size": alpha / local_size}
    return Case(arrays, ways, arrays["x"].size * local_size, axes=MAPS, sizes=sizes)


def linear(*, images: int = 2, channels: int = 3, size: Pair = (5, 4), filters: int = 7) -> Case:
    """Return an inner product over all values of an image."""
    values = channels * prod(size)
    arrays = drawn(x=(images, channels, *size), weight=(filters, values), bias=(filters,))
    loops = plain(naive.linear, naive.linear_backward, ("x", "weight"))
    ways = [loops, Way("linear.py", through(Linear(values, filters), "x"))]
    axes = {"x": PIXELS, "y": ("image", "filter"), "weight": ("filter", "value")}
    return Case(arrays, ways, images * filters * values, (), axes, {"the number of images": images})


def dropout(*, images: int = 2, channels: int = 3, size: Pair = (5, 4), ratio: float = 0.4) -> Case:
    """Return a dropout that draws the same numbers every time."""
    arrays, seed = drawn(x=(images, channels, *size)), 1
    draws = np.random.default_rng(seed).random(arrays["x"].shape, np.float32)
    loops = plain(naive.dropout, naive.dropout_backward, (), draws=draws, ratio=ratio)
    ways = [loops, Way("dropout.py", through(Dropout(ratio), "x", seed=seed))]
    sizes = {"1 - ratio": 1 - ratio, "the ratio": ratio}
    return Case(arrays, ways, arrays["x"].size, axes=MAPS, sizes=sizes)


def softmax_loss(
    *,
    images: int = 2,
    classes: int = 4,
    size: Pair = (3, 5),
    normalization: str = "valid",
    ignore_index: int = 255,
    class_weights: bool = False,
) -> Case:
    """Return a loss over pixels, some of which are ignored."""
    label = np.random.default_rng(1).integers(0, classes, (images, *size))
    label.flat[::IGNORED] = ignore_index
    weight = 0.5 + np.arange(classes) if class_weights else None
    layer = SoftmaxLoss(
        normalization,
        ignore_index=ignore_index,
        class_weight=None if weight is None else weight.tolist(),
    )
    options = {"normalization": normalization, "ignore_index": ignore_index}
    loops = plain(
        naive.softmax_loss,
        naive.softmax_loss_backward,
        ("scores",),
        **{"label": label, **options, "class_weight": weight},
    )
    counting = int((label != ignore_index).sum())
    sizes = {
        "the number of images": images,
        "the number of pixels that count": counting,
        "the number of pixels": label.size,
    }
    return Case(
        drawn(scores=(images, classes, *size)),
        [loops, Way("softmax.py", through(layer, "scores", fixed=[label]))],
        label.size * classes,
        axes={"scores": ("image", "class", "row", "column")},
        sizes=sizes,
    )


def sgd(
    *,
    values: int = 100,
    lr: float = 0.1,
    momentum: float = 0.9,
    weight_decay: float = 0.01,
) -> Case:
    """Return a step of descent, which has results but no gradient."""

    def loops(arrays: Arrays) -> tuple[Arrays, Backward | None]:
        weight, velocity = naive.sgd_step(
            *arrays.values(), lr=lr, momentum=momentum, weight_decay=weight_decay
        )
        return {"weight": weight, "velocity": velocity}, None

    def formula(arrays: Arrays) -> tuple[Arrays, Backward | None]:
        weight, dweight, velocity = arrays.values()
        velocity = momentum * velocity + lr * (dweight + weight_decay * weight)
        return {"weight": weight - velocity, "velocity": velocity}, None

    def optimiser(arrays: Arrays) -> tuple[Arrays, Backward | None]:
        weight = arrays["weight"].copy()
        sgd = SGD({"weight": weight}, {}, momentum=momentum, weight_decay=weight_decay)
        sgd.load_state({"weight": arrays["velocity"]})
        sgd.update("weight", arrays["dweight"], lr)
        return {"weight": weight, "velocity": sgd.state()["weight"]}, None

    arrays = {
        name: draw(seed, values) for seed, name in enumerate(("weight", "dweight", "velocity"))
    }
    return Case(
        arrays,
        [Way("loops", loops), Way("formula", formula), Way("training/optim.py", optimiser)],
        values,
        sizes={"lr": lr, "momentum": momentum},
    )
