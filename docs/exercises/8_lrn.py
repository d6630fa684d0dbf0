"""Exercise 8: the way back through local response normalisation.

    python -m minifcn.gradcheck --yours docs/exercises/8_lrn.py

The page: docs/layers/lrn.md

Forwards, each value is divided by the energy of the channels around its own, at the same pixel:

    scale[c] = k + alpha/local_size * sum_{d near c} x[d]**2
    y[c]     = x[c] * scale[c]**-beta

where d is near c if they are at most local_size // 2 channels apart.

Wanted: dx, from dy and x.

Hint. All happens within one pixel, so leave n, i, j out. x[d] stands in its own output, and in the
scales of all outputs near it. Take one output y[c] and ask what it owes to each channel, as in the
exercises before: `dx[...] += dy[c] * ∂y[c]/∂x[...]`. The product rule gives two terms:

    ∂y[c]/∂x[d] = ∂x[c]/∂x[d] * scale[c]**-beta + x[c] * ∂(scale[c]**-beta)/∂x[d]

The first is there for one d only, the second for each d near c. The chain rule takes the second
apart: by scale[c] first, then scale[c] by x[d].
"""

import numpy as np


def near(c, channels, local_size):
    """Return the channels near c, itself included, given."""
    return range(max(0, c - local_size // 2), min(channels, c + local_size // 2 + 1))


def lrn(x, local_size, alpha, beta, k):
    """Return y: the forward pass, given."""
    y = np.zeros_like(x)
    for n, c, i, j in np.ndindex(x.shape):
        scale = k
        for d in near(c, x.shape[1], local_size):
            scale += alpha / local_size * x[n, d, i, j] ** 2
        y[n, c, i, j] = x[n, c, i, j] * scale**-beta
    return y


def lrn_backward(dy, x, local_size, alpha, beta, k):
    """Return dx.

    dy, x          : arrays (N, C, H, W)
    local_size     : int, odd
    alpha, beta, k : float
    dx             : array (N, C, H, W)
    """
    dx = np.zeros_like(x)
    raise NotImplementedError("in place of this line: the loops that fill dx")
    return dx
