"""Dropout in plain loops."""

from __future__ import annotations

import numpy as np


def dropout(x: np.ndarray, draws: np.ndarray, ratio: float) -> np.ndarray:
    """Drop each value whose draw, a number in [0, 1), is below `ratio`; scale the others up.

    y[p] = x[p] / (1 - ratio) if draws[p] >= ratio else 0

    A value stays with probability 1 - ratio, so on average y is x: (1 - ratio) * x / (1 - ratio).
    A trained net can then be used as it is, without dropout and without a scale.
    """
    y = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        if draws[at] >= ratio:
            y[at] = x[at] / (1 - ratio)
    return y


def dropout_backward(dy: np.ndarray, draws: np.ndarray, ratio: float) -> np.ndarray:
    """Return dx: the same values are dropped, and the others scaled alike.

    y[p] = m[p] * x[p], where the factor m[p], 1 / (1 - ratio) or 0, was drawn and does not depend
    on x. L depends on x[p] through y[p] alone:

        dx[p] = dy[p] * ∂y[p]/∂x[p] = dy[p] * m[p]
              = dy[p] / (1 - ratio) if draws[p] >= ratio else 0

    So the same draws must be used as forwards: with new ones it would be another net's gradient.
    """
    dx = np.zeros_like(dy)
    for at in np.ndindex(dy.shape):
        if draws[at] >= ratio:
            dx[at] = dy[at] / (1 - ratio)
    return dx
