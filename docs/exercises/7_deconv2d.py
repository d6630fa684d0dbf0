"""Exercise 7: the way back through a deconvolution.

    python -m minifcn.gradcheck --yours docs/exercises/7_deconv2d.py

The page: docs/layers/deconv.md

Forwards, each input pixel stamps the kernel, times its value, onto the output; where stamps
overlap, they add up. Of the whole picture PH rows are cropped at the top and the bottom, and PW
columns left and right. With groups, an input channel stamps only onto the outputs of its own group:
the F of them from `first` on.

    y[n, f, i*SH + a - PH, j*SW + b - PW] += x[n,c,i,j] * weight[c,f,a,b]

Wanted: dx, dweight and dbias.

Hint. As a convolution collects, a deconvolution hands out: x[n,c,i,j] stands in as many products as
its stamp has places. So its gradient collects, over all f, a, b. What falls off the picture, no
loss depends on. The bias is added to each pixel of y, once, whatever the stamps do. When it is
done, look at your line for dx beside the forward line of exercise 6: which operation is it?
"""

import numpy as np


def deconv2d(x, weight, bias=None, *, stride=(1, 1), pad=(0, 0), groups=1):
    """Return y: the forward pass, given."""
    (sh, sw), (ph, pw) = stride, pad
    (n_images, channels, h, w), (_, filters, kh, kw) = x.shape, weight.shape
    oh, ow = sh * (h - 1) + kh - 2 * ph, sw * (w - 1) + kw - 2 * pw
    y = np.zeros((n_images, filters * groups, oh, ow), x.dtype)
    for n, c, i, j in np.ndindex(x.shape):
        first = c // (channels // groups) * filters
        for f, a, b in np.ndindex(filters, kh, kw):
            row, column = i * sh + a - ph, j * sw + b - pw
            if 0 <= row < oh and 0 <= column < ow:
                y[n, first + f, row, column] += x[n, c, i, j] * weight[c, f, a, b]
    return y if bias is None else y + bias[:, None, None]


def deconv2d_backward(dy, x, weight, *, stride=(1, 1), pad=(0, 0), groups=1):
    """Return dx, dweight and dbias.

    dy      : array (N, groups * F, OH, OW)
    x       : array (N, C, H, W)
    weight  : array (C, F, KH, KW)
    stride, pad : pairs (vertical, horizontal), pixels
    dx      : array of x's shape
    dweight : array of weight's shape
    dbias   : array (groups * F,)
    """
    dx, dweight, dbias = np.zeros_like(x), np.zeros_like(weight), np.zeros(dy.shape[1], x.dtype)
    raise NotImplementedError("in place of this line: the loops that fill dx, dweight and dbias")
    return dx, dweight, dbias
