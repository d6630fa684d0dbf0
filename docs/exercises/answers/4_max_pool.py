"""Answer 4: the way back through max pooling.

The winner has the derivative 1, all others 0: a small change of a loser changes nothing. So each
window hands its gradient to one pixel, and `+=` adds up what a pixel has won in several.
"""

import numpy as np


def max_pool_backward(dy, x, kernel_size, stride, pad=(0, 0), ceil=True):
    """Return dx: each window's gradient goes to its winner."""
    (h, w), (kh, kw), (sh, sw), (ph, pw) = x.shape[2:], kernel_size, stride, pad
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dy.shape):
        top, left = i * sh - ph, j * sw - pw
        window = [(p, q) for p in range(top, top + kh) for q in range(left, left + kw)]
        pixels = [(p, q) for p, q in window if 0 <= p < h and 0 <= q < w]
        p, q = max(pixels, key=lambda pixel: x[n, c][pixel])  # the first, if several are largest
        dx[n, c, p, q] += dy[n, c, i, j]
    return dx
