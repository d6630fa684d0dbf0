"""Find the mistake 8: deconvolution, a position of the kernel at a time.

Forwards, each input pixel stamps the kernel; of the whole picture PH rows are cropped at the top
and the bottom, and PW columns left and right:

    y[n, f, i*SH + a - PH, j*SW + b - PW] += x[n,c,i,j] * weight[c,f,a,b]

With groups, f counts from the first output of c's group.
"""

import numpy as np


def deconv2d_backward(dy, x, weight, *, stride=(1, 1), pad=(0, 0), groups=1):
    """Return dx and dweight, of x's and weight's shapes, and dbias, from dy (N, F, OH, OW)."""
    (sh, sw), (ph, pw) = stride, pad
    (channels, h, w), (_, filters, kh, kw) = x.shape[1:], weight.shape
    whole = np.pad(dy, ((0, 0), (0, 0), (ph, ph), (pw, pw)))  # what was cropped gets zeros
    dx, dweight = np.zeros_like(x), np.zeros_like(weight)
    for g in range(groups):  # each with its own inputs c and outputs f
        c = slice(g * channels // groups, (g + 1) * channels // groups)
        f = slice(g * filters, (g + 1) * filters)
        for a, b in np.ndindex(kh, kw):
            here = whole[:, f, a : a + h, b : b + w]
            dx[:, c] += np.einsum("nfij,cf->ncij", here, weight[c, :, a, b])
            there = whole[:, f, a : a + sh * h : sh, b : b + sw * w : sw]
            dweight[c, :, a, b] = np.einsum("ncij,nfij->cf", x[:, c], there)
    return dx, dweight, dy.sum(axis=(0, 2, 3))
