"""Answer 6: the way back through a convolution.

The loops are those of the forward pass, and so is the question which pixel stands beside which
weight. Where forwards a product is added to y, backwards each factor receives dy times the other.
The bias stands outside of the inner loop: once for each output, not once for each weight.
"""

import numpy as np


def conv2d_backward(dy, x, weight, *, stride=(1, 1), pad=(0, 0), dilation=(1, 1), groups=1):
    """Return dx, dweight and dbias, line by line as y was made."""
    (sh, sw), (ph, pw), (dh, dw) = stride, pad, dilation
    (h, w), (filters, channels, kh, kw) = x.shape[2:], weight.shape
    dx, dweight, dbias = np.zeros_like(x), np.zeros_like(weight), np.zeros(filters, x.dtype)
    for n, f, i, j in np.ndindex(dy.shape):
        first = f // (filters // groups) * channels
        for c, a, b in np.ndindex(channels, kh, kw):
            row, column = i * sh + a * dh - ph, j * sw + b * dw - pw
            if 0 <= row < h and 0 <= column < w:
                dx[n, first + c, row, column] += dy[n, f, i, j] * weight[f, c, a, b]
                dweight[f, c, a, b] += dy[n, f, i, j] * x[n, first + c, row, column]
        dbias[f] += dy[n, f, i, j]
    return dx, dweight, dbias
