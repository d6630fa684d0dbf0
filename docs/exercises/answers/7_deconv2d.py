"""Answer 7: the way back through a deconvolution.

Again each factor receives dy times the other. The line for dx collects what lies under a stamp,
weighed by the kernel: that is a convolution of dy, with the deconvolution's own stride and padding.
"""

import numpy as np


def deconv2d_backward(dy, x, weight, *, stride=(1, 1), pad=(0, 0), groups=1):
    """Return dx, dweight and dbias, stamp by stamp as y was made."""
    (sh, sw), (ph, pw) = stride, pad
    channels, (_, filters, kh, kw), (oh, ow) = x.shape[1], weight.shape, dy.shape[2:]
    dx, dweight, dbias = np.zeros_like(x), np.zeros_like(weight), np.zeros(dy.shape[1], x.dtype)
    for n, c, i, j in np.ndindex(x.shape):
        first = c // (channels // groups) * filters
        for f, a, b in np.ndindex(filters, kh, kw):
            row, column = i * sh + a - ph, j * sw + b - pw
            if 0 <= row < oh and 0 <= column < ow:
                dx[n, c, i, j] += dy[n, first + f, row, column] * weight[c, f, a, b]
                dweight[c, f, a, b] += dy[n, first + f, row, column] * x[n, c, i, j]
    for n, f, row, column in np.ndindex(dy.shape):
        dbias[f] += dy[n, f, row, column]
    return dx, dweight, dbias
