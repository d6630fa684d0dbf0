"""The mistake 7: convolution. The padding was cut off on the wrong side.

dpadded is the gradient of the padded image, which has PH rows and PW columns before the image's
first. The image begins at (PH, PW); its first H rows and W columns are something else. The shape is
right, the numbers are too, and they stand in the wrong place:

    -> the right numbers, but 1 row too far down and 2 columns too far right

Without padding there is nothing to cut off, and all other examples are right.
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
    return dpadded[:, :, ph : ph + h, pw : pw + w], dweight, dy.sum(axis=(0, 2, 3))
