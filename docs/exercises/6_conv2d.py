"""Exercise 6: the way back through a convolution.

    python -m minifcn.gradcheck --yours docs/exercises/6_conv2d.py

The page: docs/layers/conv.md

Forwards, output (i, j) of filter f sums up what its kernel weighs at that place:

    y[n,f,i,j] = bias[f] + sum_{c,a,b} weight[f,c,a,b] * x[n, c, i*SH + a*DH - PH, j*SW + b*DW - PW]

with zeros outside of the image. With groups, a filter sees only the channels of its own group: the
C of them from `first` on.

Wanted: dx, dweight and dbias.

Hint. It is exercise 3 once more: a product `weight * pixel`, added to y. Which pixel stands beside
which weight is in the forward's loops, and is the same backwards; what does each of the two
receive? A place outside of the image holds no pixel, and nothing is owed to it. Which sizes are
there to loop over? dy has y's shape. And take care where the bias is: in which of the loops does it
stand?
"""

import numpy as np


def conv2d(x, weight, bias=None, *, stride=(1, 1), pad=(0, 0), dilation=(1, 1), groups=1):
    """Return y: the forward pass, given."""
    (sh, sw), (ph, pw), (dh, dw) = stride, pad, dilation
    (n_images, _, h, w), (filters, channels, kh, kw) = x.shape, weight.shape
    oh = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    ow = (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    y = np.zeros((n_images, filters, oh, ow), x.dtype)
    for n, f, i, j in np.ndindex(y.shape):
        first = f // (filters // groups) * channels
        for c, a, b in np.ndindex(channels, kh, kw):
            row, column = i * sh + a * dh - ph, j * sw + b * dw - pw
            if 0 <= row < h and 0 <= column < w:
                y[n, f, i, j] += weight[f, c, a, b] * x[n, first + c, row, column]
        if bias is not None:
            y[n, f, i, j] += bias[f]
    return y


def conv2d_backward(dy, x, weight, *, stride=(1, 1), pad=(0, 0), dilation=(1, 1), groups=1):
    """Return dx, dweight and dbias.

    dy      : array (N, F, OH, OW)
    x       : array (N, groups * C, H, W)
    weight  : array (F, C, KH, KW)
    stride, pad, dilation : pairs (vertical, horizontal), pixels
    dx      : array of x's shape
    dweight : array of weight's shape
    dbias   : array (F,)
    """
    dx, dweight, dbias = np.zeros_like(x), np.zeros_like(weight), np.zeros(len(weight), x.dtype)
    raise NotImplementedError("in place of this line: the loops that fill dx, dweight and dbias")
    return dx, dweight, dbias
