"""Bilinear interpolation in plain loops."""

from __future__ import annotations

import numpy as np


def bilinear_upsampling(x: np.ndarray, factor: int, *, odd: bool, pad: int) -> np.ndarray:
    """Read the image between its pixels, each weighted by how near it is.

    y[n,c,i,j] = sum_{p,q} x[n,c,p,q] * near(u - p) * near(v - q),    near(d) = max(0, 1 - |d|)
    u = (i + pad - (K - 1) / 2) / factor,   v the same from j;        K = 2 factor, less 1 if odd

    u is the place of output row i in the input: a deconvolution of kernel size K puts its stamp's
    centre over its input pixel. For it is one. Output i has place a = i + pad - p * factor of the
    stamp of pixel p, and u - p = (a - (K - 1) / 2) / factor depends on a alone: so near(u - p) is
    row a of a kernel, the one that `functional/bilinear.py` makes.
    """
    size = 2 * factor - 1 if odd else 2 * factor
    n_images, channels, h, w = x.shape
    oh, ow = factor * (h - 1) + size - 2 * pad, factor * (w - 1) + size - 2 * pad
    y = np.zeros((n_images, channels, oh, ow), x.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        u, v = ((at + pad - (size - 1) / 2) / factor for at in (i, j))
        for p, q in np.ndindex(h, w):
            y[n, c, i, j] += x[n, c, p, q] * _near(u - p) * _near(v - q)
    return y


def bilinear_upsampling_backward(
    dy: np.ndarray, x_shape: tuple[int, ...], factor: int, *, odd: bool, pad: int
) -> np.ndarray:
    """Return dx: what is read between four pixels gives each of them its share of the gradient.

    L depends on x[n,c,p,q] through every y[n,c,i,j] in which it stands beside the two nearnesses:

        dx[n,c,p,q] = sum_{i,j} dy[n,c,i,j] * ∂y[n,c,i,j] / ∂x[n,c,p,q]
                    = sum_{i,j} dy[n,c,i,j] * near(u - p) * near(v - q)

    With row a of the kernel for near(u - p), i = a + p * factor - pad: that is the convolution of
    dy with the kernel, with stride `factor`, as `deconv2d_backward` has it.
    """
    size = 2 * factor - 1 if odd else 2 * factor
    dx = np.zeros(x_shape, dy.dtype)
    for n, c, i, j in np.ndindex(dy.shape):
        u, v = ((at + pad - (size - 1) / 2) / factor for at in (i, j))
        for p, q in np.ndindex(x_shape[2:]):
            dx[n, c, p, q] += dy[n, c, i, j] * _near(u - p) * _near(v - q)
    return dx


def _near(distance: float) -> float:
    return max(0, 1 - abs(distance))
