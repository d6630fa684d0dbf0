"""The mistake 4: max pooling. Every pixel that equals the maximum got the whole gradient.

Where two are equally large, what came from above was handed out twice. One has to be the winner,
and the first in reading order is. Random numbers have no ties, so all other examples are right; an
image of integers has them, and so has every map behind a ReLU, where whole windows are 0:

    ties                          WRONG
    -> only where there are ties: the first in reading order wins
"""

import numpy as np


def max_pool_backward(dy, x, kernel_size, stride, pad=(0, 0), ceil=True):
    """Return dx, of x's shape (N, C, H, W), from dy (N, C, OH, OW)."""
    (kh, kw), (sh, sw), (ph, pw) = kernel_size, stride, pad
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dy.shape):
        top, left = i * sh - ph, j * sw - pw
        rows, columns = slice(max(top, 0), top + kh), slice(max(left, 0), left + kw)
        window = x[n, c, rows, columns]
        first = np.arange(window.size).reshape(window.shape) == window.argmax()
        dx[n, c, rows, columns] += dy[n, c, i, j] * first
    return dx
