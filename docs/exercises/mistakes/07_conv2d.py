"""Find the mistake 7: convolution, a position of the kernel at a time.

Forwards:

    y[n,f,i,j] = bias[f] + sum_{c,a,b} weight[f,c,a,b] * x[n, c, i*SH + a*DH - PH, j*SW + b*DW - PW]

with zeros outside of the image. With groups, c counts from the first channel of f's group.
"""

import numpy as np


def conv2d_backward(dy, x, weight, *, stride=(1, 1), pad=(0, 0), dilation=(1, 1), groups=1):
    """Return dx and dweight, of x's and weight's shapes, and dbias (F,), from dy (N, F, OH, OW)."""
    (sh, sw), (ph, pw), (dh, dw) = stride, pad, dilation
    (h, w), (oh, ow), (filters, channels, kh, kw) = x.shape[2:], dy.shape[2:], weight.shape
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dweight = np.zeros_like(padded), np.zeros_like(weight)
    for a, b in np.ndindex(kh, kw):
        rows = slice(a * dh, a * dh + sh * (oh - 1) + 1, sh)
        columns = slice(b * dw, b * dw + sw * (ow - 1) + 1, sw)
        for g in range(groups):  # each with its own filters f and channels c
            f = slice(g * filters // groups, (g + 1) * filters // groups)
            c = slice(g * channels, (g + 1) * channels)
            seen = padded[:, c, rows, columns]
            dweight[f, :, a, b] = np.einsum("nfij,ncij->fc", dy[:, f], seen)
            dpadded[:, c, rows, columns] += np.einsum("nfij,fc->ncij", dy[:, f], weight[f, :, a, b])
    return dpadded[:, :, :h, :w], dweight, dy.sum(axis=(0, 2, 3))
