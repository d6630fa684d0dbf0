"""Exercise 4: the way back through max pooling.

    python -m minifcn.gradcheck --yours docs/exercises/4_max_pool.py

The page: docs/layers/pooling.md

Forwards, each window takes the largest of its pixels. Window (i, j) begins at row i*SH - PH and at
column j*SW - PW; what lies outside of the image does not count.

Wanted: dx, from dy and x. There are no weights.

Hint. Where one pixel is the largest, y[n,c,i,j] *is* that pixel, and stays so while x changes a
little. What are ∂y[n,c,i,j] / ∂x[n,c,p,q] for the winner and for the others? Windows may overlap:
then a pixel can win several. If several pixels are equally large, there is no derivative; let the
first in reading order be the winner, as in Caffe. (`max` returns the first of equal ones, and takes
a `key`.)
"""

import numpy as np

from minifcn.functional.naive import pooled_size


def pixels_of(i, j, size, kernel_size, stride, pad):
    """Return the pixels (p, q) of window (i, j) inside an image of `size`, in reading order."""
    (h, w), (kh, kw), (sh, sw), (ph, pw) = size, kernel_size, stride, pad
    top, left = i * sh - ph, j * sw - pw
    window = [(p, q) for p in range(top, top + kh) for q in range(left, left + kw)]
    return [(p, q) for p, q in window if 0 <= p < h and 0 <= q < w]


def max_pool(x, kernel_size, stride, pad=(0, 0), ceil=True):
    """Return the largest pixel of each window: the forward pass, given."""
    sizes = zip(x.shape[2:], kernel_size, stride, pad, strict=True)
    y = np.zeros((*x.shape[:2], *(pooled_size(*axis, ceil) for axis in sizes)), x.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        pixels = pixels_of(i, j, x.shape[2:], kernel_size, stride, pad)
        y[n, c, i, j] = max(x[n, c, p, q] for p, q in pixels)
    return y


def max_pool_backward(dy, x, kernel_size, stride, pad=(0, 0), ceil=True):
    """Return dx.

    dy : array (N, C, OH, OW), a number for each window; its shape says how many there are, so that
         `ceil`, whether that number was rounded up, is not needed here
    x  : array (N, C, H, W)
    kernel_size, stride, pad : pairs (vertical, horizontal), pixels
    dx : array (N, C, H, W)
    """
    dx = np.zeros_like(x)
    raise NotImplementedError("in place of this line: the loops that fill dx")
    return dx
