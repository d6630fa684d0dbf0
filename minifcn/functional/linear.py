"""The inner product of a classifier's fully connected layers."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np

from minifcn.backend import Array, array_module, cut, get_threads, parallel_map
from minifcn.functional.arguments import require_bias, require_floats
from minifcn.functional.fast.product import factors, product
from minifcn.functional.fast.recycle import recycled


class LinearCache(NamedTuple):
    """What the backward pass needs."""

    x: Array  # (N, C, H, W) or (N, D)
    weight: Array  # (F, D)


def linear_output_shape(x_shape: tuple[int, ...], weight_shape: tuple[int, ...]) -> tuple[int, int]:
    """Return (N, F), or raise ValueError as `linear_forward` does."""
    values = prod(x_shape[1:])
    if len(x_shape) < 2 or values != weight_shape[1]:
        raise ValueError(
            f"inner product: expected {weight_shape[1]} values an image, got {values} (input "
            f"{x_shape}); a classifier takes images of one size only"
        )
    return x_shape[0], weight_shape[0]


def linear_forward(x: Array, weight: Array, bias: Array) -> tuple[Array, LinearCache]:
    """Return y = flatten(x) @ weight.T + bias.

    Parameters
    ----------
    x : array (N, D) or (N, C, H, W) with D = C*H*W, flattened in that order; float32 or float64
    weight : array (F, D)
    bias : array (F,)

    Returns
    -------
    y : array (N, F)
    cache : LinearCache

    Raises
    ------
    ValueError
        If an image has not D values: a fully connected layer takes one input size only, which is
        what making it a convolution lifts (section 3.1). If the arrays are not of one
        floating-point type.
    """
    require_floats("inner product", x, weight, bias)
    require_bias("inner product", bias, len(weight))
    linear_output_shape(x.shape, weight.shape)
    flat, matrix, scale = factors(_flat(x), weight)
    return _shared(flat, matrix.T, scale) + bias, LinearCache(x, weight)


def linear_backward(
    dy: Array, cache: LinearCache, *, need_dx: bool = True, need_grads: bool = True
) -> tuple[Array | None, Array | None, Array | None]:
    """Return the gradients of the input, the weight and the bias (None where not needed)."""
    x, weight = cache
    dx = None
    if need_dx:
        left, right, scale = factors(dy, weight)
        dx = _shared(left, right, scale).reshape(x.shape)
    if not need_grads:
        return dx, None, None
    left, right, scale = factors(dy, _flat(x))
    return dx, _shared(left.T, right, scale), dy.sum(axis=0)


def _shared(a: Array, b: Array, scale: Array | None) -> Array:
    """Return a @ b; the threads share out the columns of b, by far the most numbers."""
    xp = array_module(a)
    if xp is not np:
        return product(a, b, scale)
    y = recycled(xp, (len(a), b.shape[1]), a.dtype)

    def compute(part: slice) -> None:
        product(a, b[:, part], out=y[:, part])

    parallel_map(xp, compute, cut(b.shape[1], min(get_threads(), b.shape[1])))
    return y


def _flat(x: Array) -> Array:
    """Return the values of each image in a row: (N, D)."""
    return x.reshape(len(x), prod(x.shape[1:]))
