"""Find the mistake 4: max pooling.

Forwards, window (i, j) begins at row i*SH - PH and column j*SW - PW and takes the largest of its
pixels inside the image; of several that are equally large, the first in reading order:

    y[n,c,i,j] = max_{a,b} x[n, c, i*SH + a - PH, j*SW + b - PW]
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
        dx[n, c, rows, columns] += dy[n, c, i, j] * (window == window.max())
    return dx
