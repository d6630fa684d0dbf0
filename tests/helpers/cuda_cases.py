"""Operations that have CUDA kernels, each as a function that runs on any array module.

`test_cuda_on_cpu.py` runs them with the kernels' bodies on the CPU, `gpu/test_kernels.py` on a
device; both hold them to the plain array code on the host.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from helpers.cases import EXAMPLES, Case, normal, windows

from minifcn.backend import Array, to_device, to_host
from minifcn.functional.dropout import dropout_backward, dropout_forward
from minifcn.functional.fast.columns import col2im_rows, im2col_rows
from minifcn.functional.lrn import lrn_backward, lrn_forward
from minifcn.functional.pooling import max_pool_backward, max_pool_forward
from minifcn.functional.relu import add_bias, relu_backward, relu_forward
from minifcn.functional.softmax import softmax_loss_backward, softmax_loss_forward
from minifcn.functional.window import PoolWindow, Window
from minifcn.training.optim import _update_whole


class Operation(NamedTuple):
    """One way to call an operation, and what must come of it."""

    run: Callable[[ModuleType, str], list[Array]]  # with an array module and a dtype
    kernels: list[str]  # in the order of their launches
    rounds: bool = False  # whether it multiplies and adds, or calls exp, log or pow


class Draws:
    """A generator whose draws are known: the same on every device."""

    def __init__(self, xp: ModuleType) -> None:
        self.xp = xp

    def random(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """Return numbers in [0, 1), the ratio 0.5 itself among them."""
        draws = np.random.default_rng(7).random(shape, dtype=dtype)
        draws.flat[::5] = 0.5
        return to_device(draws, self.xp)


def array(xp: ModuleType, dtype: Any, seed: int, *shape: int, ties: bool = False) -> Array:
    """Return normal numbers on the device of `xp`; with `ties` rounded to integers."""
    numbers = normal(seed, *shape)
    return to_device((np.round(numbers) if ties else numbers).astype(dtype), xp)


def columns(
    xp: ModuleType, dtype: str, window: Window, shape: tuple[int, ...], rows: slice
) -> list[Array]:
    """Return the columns of an image and, for other columns, the image they are added to."""
    x = array(xp, dtype, 1, *shape)
    made = im2col_rows(x, window, rows)
    dx = array(xp, dtype, 2, *shape)
    col2im_rows(array(xp, dtype, 3, *made.shape), dx, window, rows)
    return [made, dx]


def pooled(
    xp: ModuleType, dtype: str, window: PoolWindow, shape: tuple[int, ...], *, nan: bool = False
) -> list[Array]:
    """Return the maxima, their places and the gradient, of integers (full of ties)."""
    x = array(xp, dtype, 1, *shape, ties=True)
    if nan:
        x[..., ::3, ::4] = float("nan")
        x[..., 1::3, 1::3] = -float("inf")
    y, cache = max_pool_forward(x, window)
    assert cache is not None
    alone, _ = max_pool_forward(x, window, train=False)
    return [y, cache.argmax, max_pool_backward(array(xp, dtype, 2, *y.shape), cache), alone]


def lost(
    xp: ModuleType, dtype: str, shape: tuple[int, ...], label_dtype: str, **options: Any
) -> list[Array]:
    """Return the loss, the probabilities and the gradient; every third pixel is ignored."""
    magnitude = options.pop("magnitude", 1)
    ignore = options.get("ignore_index", 255)
    label = np.random.default_rng(5).integers(0, shape[1], (shape[0], *shape[2:]))
    label.flat[::3] = ignore
    if "class_weight" in options:
        options["class_weight"] = to_device(np.array(options["class_weight"]), xp)
    scores = magnitude * array(xp, dtype, 1, *shape)
    loss, cache = softmax_loss_forward(scores, to_device(label.astype(label_dtype), xp), **options)
    gradient = softmax_loss_backward(xp.full((), 3, loss.dtype), cache)
    return [loss, cache.probability, gradient]


def biased(xp: ModuleType, dtype: str, *, bias: bool, relu: bool, part: bool) -> list[Array]:
    """Return a map, some rows of which were written; without `part` they are all, in place."""
    y = array(xp, dtype, 1, 3, 5, 7)
    rows = slice(1, 3) if part else slice(0, 5)
    values = array(xp, dtype, 2, 3, rows.stop - rows.start, 7) if part else y
    values[1, 0, :3] = to_device(np.array([np.nan, np.inf, -np.inf], dtype), xp)
    add_bias(values, array(xp, dtype, 3, 3) if bias else None, y[:, rows] if part else y, relu=relu)
    return [y]


def rectified(xp: ModuleType, dtype: str) -> list[Array]:
    """Return the gradient of a ReLU of integers, many of them 0; dy is not contiguous."""
    _, cache = relu_forward(array(xp, dtype, 1, 2, 3, 5, 7, ties=True))
    return [relu_backward(array(xp, dtype, 2, 2, 6, 5, 7)[:, ::2], cache)]


def dropped(xp: ModuleType, dtype: str) -> list[Array]:
    """Return what dropout keeps, and the gradient."""
    y, cache = dropout_forward(array(xp, dtype, 1, 3, 5, 7), ratio=0.5, rng=Draws(xp))
    return [y, cache.keep, dropout_backward(array(xp, dtype, 2, 3, 5, 7), cache)]


def normalised(xp: ModuleType, dtype: str, shape: tuple[int, ...], **options: Any) -> list[Array]:
    """Return the response-normalised map and the gradient."""
    y, cache = lrn_forward(array(xp, dtype, 1, *shape), **options)
    return [y, lrn_backward(array(xp, dtype, 2, *shape), cache)]


def updated(xp: ModuleType, dtype: str) -> list[Array]:
    """Return weight and velocity after two updates."""
    weight, velocity = array(xp, dtype, 1, 5, 7), array(xp, dtype, 2, 5, 7)
    for seed in (3, 4):
        _update_whole(weight, velocity, array(xp, dtype, seed, 7, 5).T, 0.1, 0.9, 5e-4)
    return [weight, velocity]


def with_windows(
    run: Callable[..., list[Array]], *arguments: Any, **options: Any
) -> Callable[[ModuleType, str], list[Array]]:
    """Return a function of the array module and the dtype alone."""
    return lambda xp, dtype: run(xp, dtype, *arguments, **options)


LABELS = ("uint8", "int64", "uint8", "int32", "int16")  # of the examples of the loss

OPERATIONS = {
    **{
        f"columns of {window}": Operation(
            with_windows(columns, window, shape, rows), ["im2col", "col2im"]
        )
        for window, shape, rows in (
            (Window((3, 3), (1, 1), (1, 1)), (3, 7, 5), slice(0, 7)),
            (Window((3, 2), (2, 3), (2, 0), (2, 1)), (2, 8, 9), slice(1, 3)),
            (Window((7, 7), (1, 1), (3, 3)), (2, 6, 4), slice(2, 6)),
            (Window((1, 4), (5, 1), (0, 3), (1, 2)), (4, 11, 3), slice(0, 3)),
        )
    },
    **{
        f"maxima {case.x_shape} {case.options}, nan {nan}": Operation(
            with_windows(pooled, PoolWindow(**case.options), case.x_shape, nan=nan),
            ["max_pool", "max_pool", "max_pool_backward"],
        )
        for case in (*EXAMPLES["max_pool"], *windows((2, 3, 9, 8), ((17, 16), (2, 2), (8, 8))))
        for nan in (False, True)  # the last has places beyond 255
    },
    **{
        f"loss {shape} {label} {options}": Operation(
            with_windows(lost, shape, label, **options),
            ["softmax_loss", "softmax_loss_backward"],
            rounds=True,
        )
        for shape, label, options in (
            *(
                (case.x_shape, label, case.options)
                for case, label in zip(EXAMPLES["softmax_loss"], LABELS, strict=True)
            ),
            ((6, 5), "int16", {"ignore_index": 2}),
            ((1, 3, 4, 4), "uint8", {"magnitude": 1000}),  # exp(1000) is infinite
        )
    },
    **{
        f"bias {bias}, relu {relu}, part {part}": Operation(
            with_windows(biased, bias=bias, relu=relu, part=part), ["bias_relu"]
        )
        for bias in (False, True)
        for relu in (False, True)
        for part in (False, True)
    },
    "relu": Operation(rectified, ["relu_backward"]),
    "dropout": Operation(dropped, ["dropout", "dropout_backward"]),
    **{
        f"lrn {shape} {options}": Operation(
            with_windows(normalised, shape, **options),
            ["lrn", "lrn_ratio", "lrn_backward"],
            rounds=True,
        )
        for shape, _, options in (
            *EXAMPLES["lrn"],
            Case((2, 6), (), {"local_size": 1, "alpha": 0.1}),
        )
    },
    "sgd": Operation(updated, ["sgd", "sgd"], rounds=True),
}


def on_host(operation: Operation, xp: ModuleType, dtype: str) -> list[np.ndarray]:
    """Return the results of an operation, on the host."""
    return [to_host(result) for result in operation.run(xp, dtype)]
