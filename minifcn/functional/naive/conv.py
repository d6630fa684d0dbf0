"""Convolution in plain loops."""

from __future__ import annotations

import numpy as np

Pair = tuple[int, int]


def conv2d(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    *,
    stride: Pair = (1, 1),
    pad: Pair = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> np.ndarray:
    """Slide F kernels over the image; each output is the sum of what a kernel weighs there.

    y[n,f,i,j] = bias[f] + sum_{c,a,b} weight[f,c,a,b] * x[n, c, i*SH + a*DH - PH, j*SW + b*DW - PW]

    With groups, c counts from the first channel of the group that f belongs to.
    """
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


def conv2d_backward(
    dy: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    *,
    stride: Pair = (1, 1),
    pad: Pair = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return dx, dweight and dbias: each factor of a product receives dy times the other one.

    y[n,f,i,j] is a sum of products, in which x[n,c,p,q] stands beside weight[f,c,a,b] if the window
    at (i, j) has the pixel at its place (a, b), that is if p = i*SH + a*DH - PH, and q alike. There

        ∂y[n,f,i,j] / ∂x[n,c,p,q]         = weight[f,c,a,b]
        ∂y[n,f,i,j] / ∂weight[f,c,a,b]    = x[n,c,p,q]
        ∂y[n,f,i,j] / ∂bias[f]            = 1

    and every other derivative is 0. L depends on each of the three through y alone, so by the chain
    rule, with dy[n,f,i,j] = ∂L/∂y[n,f,i,j],

        dx[n,c,p,q]      = sum over such f, i, j, a, b of dy[n,f,i,j] * weight[f,c,a,b]
        dweight[f,c,a,b] = sum over n, i, j of            dy[n,f,i,j] * x[n,c,p,q]
        dbias[f]         = sum over n, i, j of            dy[n,f,i,j]

    A pixel collects from all windows that it lies in, a weight from all positions of its kernel.
    With a = (p + PH - i*SH) / DH, dx is a sum of kernels laid down at each (i, j), times dy there:
    `deconv2d`, with dy for its image.
    """
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
