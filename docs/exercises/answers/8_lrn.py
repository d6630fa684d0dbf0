"""Answer 8: the way back through local response normalisation.

One output y[c] owes its own channel scale[c]**-beta, the factor that x[c] stands beside. And it
owes every channel d near c, its own included, what that does to the scale:

    x[c] * ∂(scale[c]**-beta)/∂x[d]
        = x[c] * -beta * scale[c]**(-beta - 1) * 2 * alpha/local_size * x[d]

The part that is the same for all d is `dscale`, the gradient of the scale.
"""

import numpy as np


def lrn_backward(dy, x, local_size, alpha, beta, k):
    """Return dx: of each output, what it owes to its own channel, and to those near it."""
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(x.shape):
        first, stop = max(0, c - local_size // 2), min(x.shape[1], c + local_size // 2 + 1)
        scale = k + alpha / local_size * (x[n, first:stop, i, j] ** 2).sum()
        dx[n, c, i, j] += dy[n, c, i, j] * scale**-beta
        dscale = dy[n, c, i, j] * x[n, c, i, j] * -beta * scale ** (-beta - 1)
        for d in range(first, stop):
            dx[n, d, i, j] += dscale * 2 * alpha / local_size * x[n, d, i, j]
    return dx
