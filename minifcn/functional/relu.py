"""The rectified linear unit."""

from __future__ import annotations

from minifcn.backend import Array, array_module


def relu_forward(x: Array) -> tuple[Array, Array]:
    """Return y = max(x, 0) and, as cache, y itself: y > 0 exactly where x > 0."""
    y = array_module(x).maximum(x, 0)
    return y, y


def relu_backward(dy: Array, cache: Array) -> Array:
    """Return dx = dy where y > 0, else 0 (at the kink x = 0 the gradient is 0, as in Caffe)."""
    return dy * (cache > 0)
