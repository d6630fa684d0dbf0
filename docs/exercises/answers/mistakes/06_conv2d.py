"""The mistake 6: convolution. The kernel was turned for dx.

One reads that the way back is a convolution with the kernel turned by 180 degrees. That is so if
each pixel *collects* from the outputs around it: what lies to its right has seen it with the left
of the kernel. Here outputs *hand out*, in the loops of the forward pass, and there the kernel lies
as it lay. To do both is to turn it once too often:

    -> right for a kernel turned by 180 degrees: is it turned on the way?

A kernel of one pixel cannot be turned:

    a kernel of one pixel         right    right    right
"""

import numpy as np


def conv2d_backward(dy, x, weight, *, stride=(1, 1), pad=(0, 0), dilation=(1, 1), groups=1):
    """Return dx and dweight, of x's and weight's shapes, and dbias (F,), from dy (N, F, OH, OW)."""
    (sh, sw), (ph, pw), (dh, dw) = stride, pad, dilation
    (h, w), (filters, channels, kh, kw) = x.shape[2:], weight.shape
    dx, dweight = np.zeros_like(x), np.zeros_like(weight)
    for n, f, i, j in np.ndindex(dy.shape):
        first = f // (filters // groups) * channels
        for c, a, b in np.ndindex(channels, kh, kw):
            row, column = i * sh + a * dh - ph, j * sw + b * dw - pw
            if 0 <= row < h and 0 <= column < w:
                dx[n, first + c, row, column] += dy[n, f, i, j] * weight[f, c, a, b]
                dweight[f, c, a, b] += dy[n, f, i, j] * x[n, first + c, row, column]
    return dx, dweight, dy.sum(axis=(0, 2, 3))
