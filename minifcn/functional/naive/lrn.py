"""Local response normalisation in plain loops."""

from __future__ import annotations

import numpy as np


def lrn(x: np.ndarray, local_size: int, alpha: float, beta: float, k: float) -> np.ndarray:
    """Divide each value by the energy of the `local_size` channels centred on its own.

    scale[n,c,i,j] = k + alpha/local_size * sum_{d near c} x[n,d,i,j]**2
    y[n,c,i,j]     = x[n,c,i,j] * scale[n,c,i,j] ** -beta
    """
    y = np.zeros_like(x)
    for n, c, i, j in np.ndindex(x.shape):
        scale = k
        for d in _near(c, x.shape[1], local_size):
            scale += alpha / local_size * x[n, d, i, j] ** 2
        y[n, c, i, j] = x[n, c, i, j] * scale**-beta
    return y


def lrn_backward(
    dy: np.ndarray, x: np.ndarray, local_size: int, alpha: float, beta: float, k: float
) -> np.ndarray:
    """Return dx: a channel counts for its own output, and in the scale of all outputs near it.

    At one pixel, with x[c] * scale[c]**-beta for y[c], the product rule gives two terms:

        ∂y[c] / ∂x[d] = [c = d] * scale[c]**-beta
                        - beta * x[c] * scale[c]**(-beta - 1) * ∂scale[c] / ∂x[d]
        ∂scale[c] / ∂x[d] = 2 * alpha/local_size * x[d] if d is near c, else 0

    The chain rule sums up dy[c] * ∂y[c] / ∂x[d] over c. The first term is there for c = d alone,
    the second for all c that d is near, which are those near d. With y[c] / scale[c] for
    x[c] * scale[c]**(-beta - 1),

        dx[d] = dy[d] * scale[d]**-beta
                - 2 * alpha/local_size * beta * x[d] * sum_{c near d} dy[c] * y[c] / scale[c]

    The loops below go the other way round: each c hands its part to every d.
    """
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(x.shape):
        near, scale = _near(c, x.shape[1], local_size), k
        for d in near:
            scale += alpha / local_size * x[n, d, i, j] ** 2
        dx[n, c, i, j] += dy[n, c, i, j] * scale**-beta
        dscale = dy[n, c, i, j] * x[n, c, i, j] * -beta * scale ** (-beta - 1)
        for d in near:
            dx[n, d, i, j] += dscale * 2 * alpha / local_size * x[n, d, i, j]
    return dx


def _near(c: int, channels: int, local_size: int) -> range:
    return range(max(0, c - local_size // 2), min(channels, c + local_size // 2 + 1))
