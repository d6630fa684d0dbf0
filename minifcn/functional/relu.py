"""The rectified linear unit."""

from __future__ import annotations

import numpy as np

from minifcn.backend import Array, array_module, in_memory, parallel_map
from minifcn.functional.cuda.bind import kernel
from minifcn.functional.cuda.relu import launch_bias_relu, launch_relu_backward
from minifcn.functional.fast.recycle import recycled

PART = 1 << 17  # values for a thread at a time, which stay in its cache


def relu_forward(x: Array) -> tuple[Array, Array]:
    """Return y = max(x, 0) and, as cache, y itself: y > 0 exactly where x > 0."""
    y = array_module(x).maximum(x, 0)
    return y, y


@kernel(launch_bias_relu)
def add_bias(values: Array, bias: Array | None, out: Array, *, relu: bool = False) -> None:
    """Write values[f] + bias[f], and where that is negative 0 if `relu`, to `out`.

    Parameters
    ----------
    values : array (F, ...)
        Overwritten.
    bias : array (F,) or None
    out : array, shape of values
        It may be `values` itself, or a part of a larger map whose filters are each contiguous.
    relu : bool
    """
    if bias is not None:
        values += bias.reshape(-1, *[1] * (values.ndim - 1))
    if relu:
        # A row of zeros: with a number, NumPy's maximum takes three times as long.
        xp = array_module(values)
        xp.maximum(values, xp.zeros(values.shape[-1], values.dtype), out=values)
    if out is not values:
        out[...] = values


@kernel(launch_relu_backward)
def relu_backward(dy: Array, cache: Array) -> Array:
    """Return dx = dy where y > 0, else 0 (at the kink x = 0 the gradient is 0, as in Caffe)."""
    xp, axes = array_module(dy), in_memory(cache)
    dy, y = dy.transpose(axes), cache.transpose(axes)
    dx = recycled(xp, y.shape, dy.dtype)
    flat_dy, flat_y, flat_dx = dy.reshape(-1), y.reshape(-1), dx.reshape(-1)
    size = PART if xp is np else dy.size

    def compute(start: int) -> None:
        part = slice(start, start + size)
        xp.multiply(flat_dy[part], flat_y[part] > 0, out=flat_dx[part])

    parallel_map(xp, compute, range(0, dy.size, max(1, size)))
    return dx.transpose(sorted(range(len(axes)), key=axes.__getitem__))
