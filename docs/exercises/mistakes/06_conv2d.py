"""Find the mistake 6: convolution.

Forwards:

    y[n,f,i,j] = bias[f] + sum_{c,a,b} weight[f,c,a,b] * x[n, c, i*SH + a*DH - PH, j*SW + b*DW - PW]

with zeros outside of the image. With groups, c counts from the first channel of f's group.
"""

import numpy as np


def conv2d_backward(dy, x, weight, *, stride=(1, 1), pad=(0, 0), dilation=(1, 1), groups=1):
    """Return dx and dweight, of x's and weight's shapes, and dbias (F,), from dy (N, F, OH, OW)."""
    (sh, sw), (ph, pw), (dh, dw) = stride, pad, dilation
    (h, w), (filters, channels, kh, kw) = x.shape[2:], weight.shape
    turned = weight[:, :, ::-1, ::-1]
    dx, dweight = np.zeros_like(x), np.zeros_like(weight)
    for n, f, i, j in np.ndindex(dy.shape):
        first = f // (filters // groups) * channels
        for c, a, b in np.ndindex(channels, kh, kw):
            row, column = i * sh + a * dh - ph, j * sw + b * dw - pw
            if 0 <= row < h and 0 <= column < w:
                dx[n, first + c, row, column] += dy[n, f, i, j] * turned[f, c, a, b]
                dweight[f, c, a, b] += dy[n, f, i, j] * x[n, first + c, row, column]
    return dx, dweight, dy.sum(axis=(0, 2, 3))
