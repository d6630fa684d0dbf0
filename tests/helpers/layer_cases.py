"""The examples of the operations as layers, and those of the layers that only join or scale."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from helpers.cases import EXAMPLES, Case, wave
from helpers.ladder import label_of

from minifcn.layers import (
    LRN,
    AvgPool2d,
    Concat,
    Conv2d,
    Crop,
    Deconv2d,
    Dropout,
    EltwiseMax,
    EltwiseSum,
    Layer,
    Linear,
    MaxPool2d,
    ReLU,
    Scale,
    SoftmaxLoss,
)


class Example(NamedTuple):
    """A layer and its inputs, none of which can be written to."""

    layer: Layer
    bottoms: list[np.ndarray]


# What makes the layer, and the shapes of its inputs.
JOINS: dict[str, tuple[Callable[[], Layer], tuple[tuple[int, ...], ...]]] = {
    "scale": (lambda: Scale(3, 0.5), ((2, 3, 5, 4),)),
    "sum": (EltwiseSum, ((2, 3, 5, 4),) * 2),
    "concat": (Concat, ((2, 3, 5, 4), (2, 1, 5, 4))),
    "equals in a row": (Concat, ((2, 2, 4, 5),) * 2),
    "weighted sum": (lambda: EltwiseSum((1, 0.5)), ((2, 3, 5, 4),) * 2),
    "three of a sum": (lambda: EltwiseSum((1, 0.5, -2)), ((2, 3, 5, 4),) * 3),
    "max": (EltwiseMax, ((2, 3, 5, 4),) * 2),
    "max of three": (EltwiseMax, ((2, 3, 5, 4),) * 3),
    "crop": (lambda: Crop((1, 2)), ((2, 3, 7, 7), (2, 1, 4, 5))),
}


def layer_of(operation: str, case: Case) -> Layer:
    """Return the layer that runs an operation."""
    options: dict[str, Any] = dict(case.options)
    channels, (one, other, *kernel) = case.x_shape[1], case.weight_shape or (0, 0)
    match operation:
        case "conv2d":
            return Conv2d(channels, one, tuple(kernel), **options)
        case "deconv2d":
            filters = other * options.get("groups", 1)
            return Deconv2d(channels, filters, tuple(kernel), bias=True, **options)
        case "linear":
            return Linear(other, one)
        case "softmax_loss":
            return SoftmaxLoss(options.pop("normalization", "valid"), **options)
        case "dropout":
            return Dropout(**options)
    return {"max_pool": MaxPool2d, "avg_pool": AvgPool2d, "relu": ReLU, "lrn": LRN}[operation](
        **options
    )


def example_of(operation: str, case: Case, dtype: Any = np.float64) -> Example:
    """Return the layer with parameters, and its inputs."""
    bottoms = [wave(1, *case.x_shape)]
    if operation == "softmax_loss":
        bottoms.append(label_of(case))
    return _filled(layer_of(operation, case), bottoms, dtype)


def first_of(kind: str, dtype: Any = np.float64) -> Example:
    """Return the first example of an operation, or of a join."""
    if kind in EXAMPLES:
        return example_of(kind, EXAMPLES[kind][0], dtype)
    make, shapes = JOINS[kind]
    return _filled(make(), [wave(n, *shape) for n, shape in enumerate(shapes, 1)], dtype)


def _filled(layer: Layer, bottoms: list[np.ndarray], dtype: Any) -> Example:
    for number, (name, array) in enumerate(layer.params.items(), 10):
        layer.params[name] = wave(number, *array.shape).astype(dtype)
    bottoms = [b if b.dtype.kind == "i" else b.astype(dtype) for b in bottoms]
    for bottom in bottoms:
        bottom.flags.writeable = False
    return Example(layer, bottoms)


KINDS = [*EXAMPLES, *JOINS]
