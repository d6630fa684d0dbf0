"""The inner product of a classifier's fully connected layers."""

from __future__ import annotations

from typing import NamedTuple

from minifcn.backend import Array
from minifcn.functional.fast.product import factors, product


class LinearCache(NamedTuple):
    """What the backward pass needs."""

    x: Array  # (N, C, H, W) or (N, D)
    weight: Array  # (F, D)


def linear_forward(x: Array, weight: Array, bias: Array) -> tuple[Array, LinearCache]:
    """Return y = flatten(x) @ weight.T + bias.

    Parameters
    ----------
    x : array (N, D) or (N, C, H, W) with D = C*H*W, flattened in that order
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
        what making it a convolution lifts (section 3.1).
    """
    if x[0].size != weight.shape[1]:
        raise ValueError(
            f"inner product: expected {weight.shape[1]} values an image, got {x[0].size} "
            f"(input {x.shape}); a classifier takes images of one size only"
        )
    flat, matrix, scale = factors(x.reshape(len(x), -1), weight)
    return product(flat, matrix.T, scale) + bias, LinearCache(x, weight)


def linear_backward(
    dy: Array, cache: LinearCache, *, need_dx: bool = True, need_grads: bool = True
) -> tuple[Array | None, Array | None, Array | None]:
    """Return the gradients of the input, the weight and the bias (None where not needed)."""
    x, weight = cache
    dx = None
    if need_dx:
        left, right, scale = factors(dy, weight)
        dx = product(left, right, scale).reshape(x.shape)
    if not need_grads:
        return dx, None, None
    left, right, scale = factors(dy, x.reshape(len(x), -1))
    return dx, product(left.T, right, scale), dy.sum(axis=0)
