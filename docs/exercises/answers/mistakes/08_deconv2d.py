"""The mistake 8: deconvolution. The stride was forgotten in the input's gradient.

Neighbouring input pixels stamp SH rows apart, so what the position (a, b) of the kernel has stamped
lies at a, a + SH, a + 2 SH and so on. For dweight every SH-th row was taken, for dx the first H in
a row. Every example with a stride is wrong, in dx alone, and no other:

    stride (2, 1)              WRONG    right    right
    stride (2, 3): gaps        WRONG    right    right
    pad (1, 2)                 right    right    right

The first pixel of each image is right in all of them, since 0 times the stride is 0.
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
            there = whole[:, f, a : a + sh * h : sh, b : b + sw * w : sw]
            dx[:, c] += np.einsum("nfij,cf->ncij", there, weight[c, :, a, b])
            dweight[c, :, a, b] = np.einsum("ncij,nfij->cf", x[:, c], there)
    return dx, dweight, dy.sum(axis=(0, 2, 3))
