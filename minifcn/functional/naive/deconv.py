"""Transposed convolution ("deconvolution") in plain loops."""

from __future__ import annotations

import numpy as np

Pair = tuple[int, int]


def deconv2d(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    *,
    stride: Pair = (1, 1),
    pad: Pair = (0, 0),
    groups: int = 1,
) -> np.ndarray:
    """Stamp the kernel onto the output, once for each input pixel; stamps that overlap add up.

    y[n, f, i*SH + a - PH, j*SW + b - PW] += x[n,c,i,j] * weight[c,f,a,b]

    With groups, f counts from the first output channel of the group that c belongs to.
    """
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


def deconv2d_backward(
    dy: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    *,
    stride: Pair = (1, 1),
    pad: Pair = (0, 0),
    groups: int = 1,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return dx, dweight and dbias: each factor of a product receives dy times the other one.

    The stamp of x[n,c,i,j] adds x[n,c,i,j] * weight[c,f,a,b] to y[n,f,p,q], where p = i*SH + a - PH
    and q alike. There

        ∂y[n,f,p,q] / ∂x[n,c,i,j]      = weight[c,f,a,b]
        ∂y[n,f,p,q] / ∂weight[c,f,a,b] = x[n,c,i,j]
        ∂y[n,f,p,q] / ∂bias[f]         = 1

    and the chain rule sums dy[n,f,p,q] times these over all that the stamp of a pixel covers, over
    all stamps that a weight is part of, and over all outputs that a bias is added to:

        dx[n,c,i,j]      = sum_{f,a,b} dy[n, f, i*SH + a - PH, j*SW + b - PW] * weight[c,f,a,b]
        dweight[c,f,a,b] = sum_{n,i,j} dy[n, f, i*SH + a - PH, j*SW + b - PW] * x[n,c,i,j]
        dbias[f]         = sum_{n,p,q} dy[n,f,p,q]

    where what was cut off from a stamp has no dy, and counts as 0. dx is the formula of `conv2d`,
    read with dy for its image: the way back through a deconvolution is a convolution, as the way
    back through a convolution is a deconvolution.
    """
    (sh, sw), (ph, pw) = stride, pad
    channels, (_, filters, kh, kw), (oh, ow) = x.shape[1], weight.shape, dy.shape[2:]
    dx, dweight = np.zeros_like(x), np.zeros_like(weight)
    for n, c, i, j in np.ndindex(x.shape):
        first = c // (channels // groups) * filters
        for f, a, b in np.ndindex(filters, kh, kw):
            row, column = i * sh + a - ph, j * sw + b - pw
            if 0 <= row < oh and 0 <= column < ow:
                dx[n, c, i, j] += dy[n, first + f, row, column] * weight[c, f, a, b]
                dweight[c, f, a, b] += dy[n, first + f, row, column] * x[n, c, i, j]
    dbias = np.zeros(dy.shape[1], dy.dtype)
    for n, f, row, column in np.ndindex(dy.shape):
        dbias[f] += dy[n, f, row, column]
    return dx, dweight, dbias
