"""Max and average pooling in plain loops."""

from __future__ import annotations

import numpy as np

Pair = tuple[int, int]
Pixels = list[Pair]


def pooled_size(
    size: int, extent: int, stride: int, pad: int, ceil: bool, overhang: int = 0
) -> int:
    """Count the windows along one axis; window i begins at pixel i*stride - pad.

    Rounded down, a window must end within the padded image. Rounded up (`ceil`), windows go on
    until the padded image is covered. None begins beyond the image itself. An overhang counts as
    part of the padded image here, though there is nothing to be seen in it.
    """
    end, count = size + pad + overhang, 1
    while True:
        begin, covered = count * stride - pad, (count - 1) * stride - pad + extent
        if begin >= size or (covered >= end if ceil else begin + extent > end):
            return count
        count += 1


def max_pool(
    x: np.ndarray,
    kernel_size: Pair,
    stride: Pair,
    pad: Pair = (0, 0),
    ceil: bool = True,
    dilation: Pair = (1, 1),
    overhang: Pair = (0, 0),
) -> np.ndarray:
    """Take the largest pixel of each window.

    y[n,c,i,j] = max_{a,b} x[n, c, i*SH + a*DH - PH, j*SW + b*DW - PW], over pixels in the image
    """
    windows = _windows(x.shape, kernel_size, stride, pad, ceil, dilation, overhang)
    y = np.zeros((*x.shape[:2], *_size(windows)), x.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        pixels, _ = windows[i, j]
        y[n, c, i, j] = max(x[n, c, p, q] for p, q in pixels)
    return y


def max_pool_backward(
    dy: np.ndarray,
    x: np.ndarray,
    kernel_size: Pair,
    stride: Pair,
    pad: Pair = (0, 0),
    ceil: bool = True,
    dilation: Pair = (1, 1),
    overhang: Pair = (0, 0),
) -> np.ndarray:
    """Return dx: each window's gradient goes to the pixel that it took its maximum from.

    Where the maximum is x[n,c,p,q], and no other pixel is as large, y[n,c,i,j] = x[n,c,p,q] holds
    for all small changes of x. So ∂y[n,c,i,j] / ∂x[n,c,p,q] = 1, and it is 0 for all others. The
    chain rule sums over the windows (i, j), which may overlap:

        dx[n,c,p,q] = sum_{i,j} dy[n,c,i,j] * ∂y[n,c,i,j] / ∂x[n,c,p,q]
                    = sum of dy[n,c,i,j] over the windows that the pixel has won

    At a tie there is no derivative; the first in reading order counts as the winner, as in Caffe.
    """
    windows = _windows(x.shape, kernel_size, stride, pad, ceil, dilation, overhang)
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dy.shape):
        pixels, _ = windows[i, j]
        p, q = max(pixels, key=lambda pixel: x[n, c][pixel])  # the first, if several are largest
        dx[n, c, p, q] += dy[n, c, i, j]
    return dx


def avg_pool(
    x: np.ndarray,
    kernel_size: Pair,
    stride: Pair,
    pad: Pair = (0, 0),
    ceil: bool = True,
    dilation: Pair = (1, 1),
    overhang: Pair = (0, 0),
) -> np.ndarray:
    """Take the mean of each window: of its pixels inside the image, and of zeros in the padding.

    y[n,c,i,j] = 1/A sum_{a,b} x[n, c, i*SH + a*DH - PH, j*SW + b*DW - PW]

    A is the number of the window's places within the padded image.
    """
    windows = _windows(x.shape, kernel_size, stride, pad, ceil, dilation, overhang)
    y = np.zeros((*x.shape[:2], *_size(windows)), x.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        pixels, area = windows[i, j]
        for p, q in pixels:
            y[n, c, i, j] += x[n, c, p, q] / area
    return y


def avg_pool_backward(
    dy: np.ndarray,
    x: np.ndarray,
    kernel_size: Pair,
    stride: Pair,
    pad: Pair = (0, 0),
    ceil: bool = True,
    dilation: Pair = (1, 1),
    overhang: Pair = (0, 0),
) -> np.ndarray:
    """Return dx: each window's gradient is spread evenly over its pixels.

    A pixel of the window is a term x[n,c,p,q] / A of y[n,c,i,j], so the derivative is 1 / A, with
    that window's A, and 0 for a pixel that is not in it:

        dx[n,c,p,q] = sum_{i,j} dy[n,c,i,j] * ∂y[n,c,i,j] / ∂x[n,c,p,q]
                    = sum of dy[n,c,i,j] / A over the windows that the pixel lies in
    """
    windows = _windows(x.shape, kernel_size, stride, pad, ceil, dilation, overhang)
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dy.shape):
        pixels, area = windows[i, j]
        for p, q in pixels:
            dx[n, c, p, q] += dy[n, c, i, j] / area
    return dx


def _windows(
    x_shape: tuple[int, ...],
    kernel_size: Pair,
    stride: Pair,
    pad: Pair,
    ceil: bool,
    dilation: Pair,
    overhang: Pair,
) -> dict[Pair, tuple[Pixels, int]]:
    """Return, for each window (i, j), its pixels in the image in reading order, and its area A."""
    (kh, kw), (sh, sw), (ph, pw), (dh, dw), (h, w) = kernel_size, stride, pad, dilation, x_shape[2:]
    oh = pooled_size(h, dh * (kh - 1) + 1, sh, ph, ceil, overhang[0])
    ow = pooled_size(w, dw * (kw - 1) + 1, sw, pw, ceil, overhang[1])
    windows = {}
    for i, j in np.ndindex(oh, ow):
        rows = [i * sh - ph + a * dh for a in range(kh) if i * sh + a * dh < h + 2 * ph]
        columns = [j * sw - pw + b * dw for b in range(kw) if j * sw + b * dw < w + 2 * pw]
        pixels = [(p, q) for p in rows for q in columns if 0 <= p < h and 0 <= q < w]
        windows[i, j] = pixels, len(rows) * len(columns)
    return windows


def _size(windows: dict[Pair, tuple[Pixels, int]]) -> Pair:
    i, j = max(windows)
    return i + 1, j + 1
