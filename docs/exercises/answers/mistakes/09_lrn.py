"""The mistake 9: local response normalisation. The cross term is missing.

A channel stands in the scales of all the channels near it, not in its own alone. What it does to
the outputs of the others was left out, so that every entry is wrong, each by another amount. Where
no channel is near another one, there is no cross term, and it is right:

    no channel near           right
    3 channels near           WRONG
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
    dscale = dy * x * -beta * scale ** (-beta - 1)
    dx = dy * direct
    for c in range(channels):
        near = slice(max(0, c - half), c + half + 1)
        dx[:, c] += dscale[:, near].sum(axis=1) * 2 * alpha / local_size * x[:, c]
    return dx
