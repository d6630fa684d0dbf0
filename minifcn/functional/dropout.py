"""Dropout (Srivastava et al. 2014), inverted: scaled while training, the identity afterwards."""

from __future__ import annotations

from typing import Any, NamedTuple

from minifcn.backend import Array
from minifcn.functional.arguments import require_floats
from minifcn.functional.cuda.bind import kernel
from minifcn.functional.cuda.dropout import float_draws, launch_dropout, launch_dropout_backward


class DropoutCache(NamedTuple):
    """What the backward pass needs."""

    keep: Array  # bool, shape of x
    scale: float


def dropout_forward(x: Array, *, ratio: float, rng: Any) -> tuple[Array, DropoutCache]:
    """Set each element to zero with probability `ratio` and scale the others by 1 / (1 - ratio).

    Parameters
    ----------
    x : array, any shape, float32 or float64
    ratio : float in [0, 1)
    rng : numpy.random.Generator, or CuPy's for arrays on a GPU

    Returns
    -------
    y : array, shape and dtype of x
    cache : DropoutCache

    Raises
    ------
    ValueError
        If x is of another type, or the ratio out of range.
    """
    require_floats("dropout", x)
    check_ratio(ratio)
    draws = rng.random(x.shape, dtype="float32")
    scale = 1.0 / (1.0 - ratio)
    y, keep = _drop(x, draws, ratio, scale)
    return y, DropoutCache(keep, scale)


@kernel(launch_dropout, takes=float_draws)
def _drop(x: Array, draws: Array, ratio: float, scale: float) -> tuple[Array, Array]:
    keep = draws >= ratio
    return _scale_kept(x, keep, scale), keep


@kernel(launch_dropout_backward)
def _scale_kept(x: Array, keep: Array, scale: float) -> Array:
    return x * keep * x.dtype.type(scale)


def check_ratio(ratio: float) -> None:
    """Raise ValueError unless some elements remain."""
    if not 0 <= ratio < 1:
        raise ValueError(f"dropout: the ratio must lie in [0, 1), not {ratio}")


def dropout_backward(dy: Array, cache: DropoutCache) -> Array:
    """Return dx = dy * keep / (1 - ratio): the same elements, scaled alike."""
    return _scale_kept(dy, *cache)
