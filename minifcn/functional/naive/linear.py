"""The inner product in plain loops."""

from __future__ import annotations

import numpy as np


def linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Weigh all values of an image: y[n,f] = bias[f] + sum_d weight[f,d] * x[n,d].

    d counts the values of x[n] in reading order, channel after channel.
    """
    y = np.zeros((len(x), len(weight)), x.dtype)
    for n, f in np.ndindex(y.shape):
        for d, value in enumerate(x[n].flat):
            y[n, f] += weight[f, d] * value
        y[n, f] += bias[f]
    return y


def linear_backward(
    dy: np.ndarray, x: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return dx, dweight and dbias: each factor of a product receives dy times the other one.

    ∂y[n,f] / ∂x[n,d] = weight[f,d],  ∂y[n,f] / ∂weight[f,d] = x[n,d],  ∂y[n,f] / ∂bias[f] = 1, and
    the chain rule sums dy[n,f] times these over the outputs that each had a part in:

        dx[n,d]      = sum_f dy[n,f] * weight[f,d]      a value counts for all outputs
        dweight[f,d] = sum_n dy[n,f] * x[n,d]           a weight is used for all images
        dbias[f]     = sum_n dy[n,f]
    """
    dx, dweight, dbias = np.zeros_like(x), np.zeros_like(weight), np.zeros(len(weight), x.dtype)
    for n, f in np.ndindex(dy.shape):
        for d, value in enumerate(x[n].flat):
            dx[n].flat[d] += dy[n, f] * weight[f, d]
            dweight[f, d] += dy[n, f] * value
        dbias[f] += dy[n, f]
    return dx, dweight, dbias
