"""Find the mistake 9: local response normalisation.

Forwards, at each pixel, with d near c if they are at most local_size // 2 channels apart:

    scale[c] = k + alpha/local_size * sum_{d near c} x[d]**2
    y[c]     = x[c] * scale[c]**-beta
"""

import numpy as np


def lrn_backward(dy, x, local_size, alpha, beta, k):
    """Return dx, of the shape (N, C, H, W) of dy and x."""
    half, channels = local_size // 2, x.shape[1]
    scale = np.full_like(x, k)
    for c in range(channels):
        near = slice(max(0, c - half), c + half + 1)
        scale[:, c] += alpha / local_size * (x[:, near] ** 2).sum(axis=1)

    direct = scale**-beta
    through_scale = -beta * x * scale ** (-beta - 1) * 2 * alpha / local_size * x
    return dy * (direct + through_scale)
