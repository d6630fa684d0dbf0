"""The rungs of the ladder: each operation in plain loops, and as the package computes it.

A rung runs one case, with given arrays, and returns its output and its gradients as a list.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers.cases import EXAMPLES, Case, wave

from minifcn.backend import Array, array_module, to_device
from minifcn.functional import naive
from minifcn.functional.conv import conv2d_backward, conv2d_forward
from minifcn.functional.deconv import deconv2d_backward, deconv2d_forward
from minifcn.functional.dropout import dropout_backward, dropout_forward
from minifcn.functional.linear import linear_backward, linear_forward
from minifcn.functional.lrn import lrn_backward, lrn_forward
from minifcn.functional.pooling import (
    avg_pool_backward,
    avg_pool_forward,
    max_pool_backward,
    max_pool_forward,
)
from minifcn.functional.relu import relu_backward, relu_forward
from minifcn.functional.softmax import softmax_loss_backward, softmax_loss_forward
from minifcn.functional.window import PoolWindow


class Draws:
    """A generator whose draws are given."""

    def __init__(self, draws: Array) -> None:
        self.draws = draws

    def random(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """Return the draws."""
        assert shape == self.draws.shape
        return self.draws


# operation -> (forward, backward), as the package has them
OURS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "conv2d": (conv2d_forward, conv2d_backward),
    "deconv2d": (deconv2d_forward, deconv2d_backward),
    "max_pool": (lambda x, **sizes: max_pool_forward(x, PoolWindow(**sizes)), max_pool_backward),
    "avg_pool": (lambda x, **sizes: avg_pool_forward(x, PoolWindow(**sizes)), avg_pool_backward),
    "relu": (relu_forward, relu_backward),
    "lrn": (lrn_forward, lrn_backward),
    "linear": (linear_forward, linear_backward),
    "dropout": (
        lambda x, draws, ratio: dropout_forward(x, ratio=ratio, rng=Draws(draws)),
        dropout_backward,
    ),
    "softmax_loss": (softmax_loss_forward, softmax_loss_backward),
}

# How many of the arrays a backward in plain loops asks for.
ASKS = {"conv2d": 2, "deconv2d": 2, "linear": 2, "dropout": 0}


def called(operation: str, case: Case) -> str:
    """Return a name for an example."""
    return f"{operation} {case.x_shape} {case.options}"


ALL = [(operation, case) for operation, cases in EXAMPLES.items() for case in cases]
examples = pytest.mark.parametrize(
    ("operation", "case"), ALL, ids=[called(*example) for example in ALL]
)


def arrays_of(operation: str, case: Case, *, ties: bool = False) -> dict[str, Array]:
    """Return what an operation is differentiated by; with `ties` x is made of integers."""
    x = wave(1, *case.x_shape)
    arrays = {"x": np.round(2 * x) if ties else x}
    if case.weight_shape:
        groups = case.options.get("groups", 1)
        filters = case.weight_shape[1] * groups if operation == "deconv2d" else case.weight_shape[0]
        arrays |= {"weight": wave(2, *case.weight_shape), "bias": wave(3, filters)}
    return arrays


def label_of(case: Case) -> np.ndarray:
    """Return a label for each pixel, some of which are ignored."""
    n, classes, *size = case.x_shape
    label = np.resize([0, classes - 1, 1, 0, 1], (n, *size))
    label[:, 0, 1:3] = case.options.get("ignore_index", 255)
    return label


def options_of(operation: str, case: Case) -> dict[str, Any]:
    """Return everything else that an operation is given, the labels and the draws included."""
    options = dict(case.options)
    if operation == "dropout":
        options["draws"] = abs(wave(5, *case.x_shape)).astype("float32")
    if operation == "softmax_loss":
        options["label"] = label_of(case)
        if "class_weight" in options:
            options["class_weight"] = np.array(options["class_weight"])
    return options


def plain(operation: str, case: Case, arrays: dict[str, Array]) -> list[Array]:
    """Run the plain loops."""
    options, given = options_of(operation, case), list(arrays.values())
    y = np.asarray(getattr(naive, operation)(*given, **options))
    backward = getattr(naive, f"{operation}_backward")
    return [y, *listed(backward(dy_of(y), *given[: ASKS.get(operation, 1)], **options))]


def ours(operation: str, case: Case, arrays: dict[str, Array]) -> list[Array]:
    """Run what the package computes with."""
    (forward, backward), xp = OURS[operation], array_module(arrays["x"])
    options = options_of(operation, case)
    for name, value in options.items():
        options[name] = to_device(value, xp) if isinstance(value, np.ndarray) else value
    y, cache = forward(*arrays.values(), **options)
    return [y, *listed(backward(dy_of(y), cache))]


def dy_of(y: Array) -> Array:
    """Return the gradient that comes from above: all numbers different, so that order counts."""
    return array_module(y).asarray(wave(9, *y.shape))


def listed(gradients: Any) -> list[Array]:
    """Return one gradient, or several, as a list."""
    return list(gradients) if isinstance(gradients, tuple) else [gradients]


def assert_same(ours: list[Array], expected: list[Array], tolerance: float = 1e-12) -> None:
    """Compare output and gradients, relative to the largest value of each."""
    for one, other in zip(ours, expected, strict=True):
        assert one.shape == other.shape
        largest = max(1, abs(other).max()) if other.size else 1
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * largest)
