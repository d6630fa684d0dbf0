"""The rectified linear unit in plain loops."""

from __future__ import annotations

import numpy as np


def relu(x: np.ndarray) -> np.ndarray:
    """Cut off what is negative: y = max(x, 0)."""
    y = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        y[at] = max(x[at], 0)
    return y


def relu_backward(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return dx: dy where x was let through, and 0 where it was cut off.

    y[p] depends on x[p] alone. It is x[p], with derivative 1, or the constant 0, with derivative 0:

        dx[p] = sum_q dy[q] * ∂y[q]/∂x[p] = dy[p] * ∂y[p]/∂x[p]
              = dy[p] if x[p] > 0 else 0

    At x = 0 there is a kink and no derivative; it counts as 0, as in Caffe.
    """
    dx = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        dx[at] = dy[at] if x[at] > 0 else 0
    return dx
