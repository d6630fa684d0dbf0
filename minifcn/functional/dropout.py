"""Dropout (Srivastava et al. 2014), inverted: scaled while training, the identity afterwards."""

from __future__ import annotations

from typing import Any, NamedTuple

from minifcn.backend import Array


class DropoutCache(NamedTuple):
    """What the backward pass needs."""

    keep: Array  # bool, shape of x
    scale: float


def dropout_forward(x: Array, *, ratio: float, rng: Any) -> tuple[Array, DropoutCache]:
    """Set each element to zero with probability `ratio` and scale the others by 1 / (1 - ratio).

    Parameters
    ----------
    x : array, any shape
    ratio : float in [0, 1)
    rng : numpy.random.Generator, or CuPy's for arrays on a GPU

    Returns
    -------
    y : array, shape and dtype of x
    cache : DropoutCache
    """
    keep = rng.random(x.shape, dtype="float32") >= ratio
    scale = 1.0 / (1.0 - ratio)
    return x * keep * x.dtype.type(scale), DropoutCache(keep, scale)


def dropout_backward(dy: Array, cache: DropoutCache) -> Array:
    """Return dx = dy * keep / (1 - ratio): the same elements, scaled alike."""
    return dy * cache.keep * dy.dtype.type(cache.scale)
