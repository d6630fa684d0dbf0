"""Bilinear interpolation in plain loops."""

from __future__ import annotations

import numpy as np


def bilinear_upsampling(x: np.ndarray, factor: int, *, odd: bool, pad: int) -> np.ndarray:
    """Read the image between its pixels, each weighted by how near it is.

    y[n,c,i,j] = sum_{p,q} x[n,c,p,q] * near(u - p) * near(v - q),    near(d) = max(0, 1 - |d|)
    u = (i + pad - (K - 1) / 2) / factor,   v the same from j;        K = 2 factor, less 1 if odd

    u is the place of output row i in the input: a deconvolution of kernel size K puts its stamp's
    centre over its input pixel. For it is one, with near's values for a kernel, and its way back is
    that of `deconv2d`.
    """
    size = 2 * factor - 1 if odd else 2 * factor
    n_images, channels, h, w = x.shape
    oh, ow = factor * (h - 1) + size - 2 * pad, factor * (w - 1) + size - 2 * pad
    y = np.zeros((n_images, channels, oh, ow), x.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        u, v = ((at + pad - (size - 1) / 2) / factor for at in (i, j))
        for p, q in np.ndindex(h, w):
            y[n, c, i, j] += x[n, c, p, q] * max(0, 1 - abs(u - p)) * max(0, 1 - abs(v - q))
    return y
