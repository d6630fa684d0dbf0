"""Convolution of small maps with few channels: whole lines of the images, windows without copies.

Columns repeat each pixel KH * KW times. Where there are few filters, to copy them takes longer than
to multiply. Here a pixel is copied KW times only, into *lines*: what the window's places b see of
one row of the padded image, all channels below each other,

    lines[i, b*C + c, j] = xpad[c, i, j + b]                      (H + 2 PH, KW * C, OW)

KH lines that follow each other in memory are then the columns of one output row, for

    columns[i, (a*KW + b)*C + c, j] = xpad[c, i + a, j + b] = lines[i + a, b*C + c, j]

is a view of the lines that begins one line further on for each output row, and BLAS reads it as it
lies: a product for each row, y[i] = weight @ columns[i]. The lines of all images are put side by
side, so that the products are not too small; and so y[i] remains, the array that is returned being
a view of it. What follows reads it as it lies in memory, the next convolution to make its lines.

The gradient of the input is the convolution of dy with the kernels turned round. That of the
weights is the sum over the rows of columns[i] @ dy[i].T, which takes as many additions as there are
weights for each row; so the weights must be few as well.

On one core of an Intel Xeon (Sapphire Rapids), ms, for four images, forward / dx / dweight:

    channels, map           strips                 lines
    8 -> 8, 128 x 128       3.8 / 5.1 / 8.4        1.9 / 1.9 / 1.6
    16 -> 16, 64 x 64       2.2 / 3.2 / 3.3        1.3 / 1.3 / 1.6
    32 -> 32, 32 x 32       1.4 / 1.8 / 1.8        1.1 / 1.1 / 1.1
    64 -> 64, 16 x 16       1.0 / 1.3 / 1.2        0.9 / 0.9 / 1.0
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from minifcn.backend import Array, array_module, cut, get_threads, parallel_map
from minifcn.functional.fast.recycle import recycled
from minifcn.functional.fast.scratch import scratch
from minifcn.functional.fast.turned import turned
from minifcn.functional.fast.winograd_strips import SMALL_PRODUCT, SMALL_SIDE
from minifcn.functional.window import Window

LINE = 128  # pixels; of images that are narrower, several lines are put side by side
STRIP_BYTES = 2 << 20  # of lines and products at a time, which stay in a core's cache


def lines_forward(
    x: Array,
    weight: Array,
    bias: Array | None,
    window: Window,
    *_: object,
    relu: bool = False,
    pool: bool = False,
) -> Array:
    """Convolve with stride 1, as `im2col_forward` does.

    Parameters
    ----------
    x : array (N, C, H, W), float32 or float64
    weight : array (F, C, KH, KW)
    bias : array (F,) or None
    window : Window
        Of stride and dilation 1.
    relu, pool : bool
        Then max(y, 0); then a 2 x 2 max pooling of stride 2, rounded up.

    Returns
    -------
    array (N, F, OH, OW), dtype of x
        In memory it lies line by line, all images and filters of a line together: (OH, F, N, OW).
    """
    xp, (n, f) = array_module(x), (len(x), len(weight))
    oh, ow = window.output_size(x.shape[2:])
    step = 2 if pool else 1
    y = recycled(xp, (-(-oh // step), f, n, -(-ow // step)), x.dtype)
    matrix = weight.transpose(0, 2, 3, 1).reshape(f, -1)  # (F, KH*KW*C)
    width = n * ow
    if matrix.size * width > SMALL_PRODUCT >= matrix.size * ow and ow >= SMALL_SIDE:
        width = ow
    # Whole lines: with one number for a line, or for all, NumPy takes two to five times as long.
    zeros = xp.zeros(y.shape[2:], x.dtype)
    biases = None if bias is None else bias[:, None, None] + zeros

    def compute(rows: slice) -> None:
        strip = y[rows]
        columns = _columns(x, window, slice(step * rows.start, min(step * rows.stop, oh)))
        shape = (len(columns), f, n, ow)
        products = scratch(xp, "products of lines", shape, x.dtype) if pool else strip
        shape = (len(columns), -1, n * ow // width, width)
        columns, out = columns.reshape(shape), products.reshape(shape)
        xp.matmul(matrix, columns.swapaxes(1, 2), out=out.swapaxes(1, 2))
        if pool:  # before the others: it leaves them a quarter to do, and the result is the same
            halved = scratch(xp, "halved lines", (len(strip), f, n, ow), x.dtype)
            _halve(products, 0, halved)
            _halve(halved, 3, strip)
        if biases is not None:
            strip += biases
        if relu:
            xp.maximum(strip, zeros, out=strip)

    parallel_map(xp, compute, _strips(xp, weight, (n, f, len(y), step * ow)))
    return y.transpose(2, 1, 0, 3)


def lines_backward_data(
    dy: Array, weight: Array, x_shape: tuple[int, ...], window: Window, *_: object
) -> Array:
    """Gradient of the input (N, C, H, W), as `im2col_backward_data` gives it."""
    dy, weight, window = turned(dy, weight, x_shape, window)
    return lines_forward(dy, weight, None, window)


def lines_backward_weights(
    x: Array, dy: Array, weight_shape: tuple[int, ...], window: Window, *_: object
) -> Array:
    """Gradient of the weights (F, C, KH, KW), as `im2col_backward_weights` gives it."""
    xp = array_module(x)
    f, c, kh, kw = weight_shape

    def compute(rows: slice) -> Array:
        columns = _columns(x, window, rows)  # (R, KH*KW*C, L)
        dlines = dy[:, :, rows].transpose(2, 1, 0, 3).reshape(len(columns), f, -1)
        shape = (*columns.shape[:2], f)
        products = scratch(xp, "gradients of lines", shape, x.dtype)
        return xp.matmul(columns, dlines.swapaxes(1, 2), out=products).sum(axis=0)

    like = xp.empty(weight_shape, x.dtype)
    total, *others = parallel_map(xp, compute, _strips(xp, like, dy.shape, gradient=True))
    for other in others:  # in fixed order
        total += other
    return total.reshape(kh, kw, c, f).transpose(3, 2, 0, 1).copy()


def _halve(x: Array, axis: int, out: Array) -> None:
    """Write the larger of each two neighbours along an axis to `out`; the last may be alone."""
    x, out = x.swapaxes(0, axis), out.swapaxes(0, axis)
    pairs = len(x) // 2
    array_module(x).maximum(x[0 : 2 * pairs : 2], x[1::2], out=out[:pairs])
    out[pairs:] = x[2 * pairs :]


def _columns(x: Array, window: Window, rows: slice) -> Array:
    """Return the columns (R, KH*KW*C, N*OW) of some output rows of images: a view of lines."""
    xp = array_module(x)
    (n, c, h, w), (kh, kw), (ph, pw) = x.shape, window.kernel_size, window.pad
    _, ow = window.output_size((h, w))
    r = rows.stop - rows.start
    lines = scratch(xp, "lines of images", (r + kh - 1, kw, c, n, ow), x.dtype)
    above, below = _real(rows.start - ph, len(lines), h)
    lines[:above] = 0
    lines[below:] = 0
    seen, top = lines[above:below], rows.start - ph + above
    image = x[:, :, top : top + len(seen)].transpose(2, 1, 0, 3)
    for b in range(kw):
        left, right = _real(b - pw, ow, w)
        if left:
            seen[:, b, ..., :left] = 0
        if right < ow:
            seen[:, b, ..., right:] = 0
        seen[:, b, ..., left:right] = image[..., b - pw + left : b - pw + right]
    lines = lines.reshape(len(lines), kw * c, n * ow)
    shape = (r, kh * kw * c, n * ow)
    return xp.lib.stride_tricks.as_strided(lines, shape, lines.strides)


def _real(first: int, count: int, size: int) -> tuple[int, int]:
    """Return which of the places first, first + 1 ... are among the `size` of an image."""
    return min(max(-first, 0), count), min(max(size - first, 0), count)


def _strips(
    xp: ModuleType, weight: Array, y_shape: tuple[int, ...], *, gradient: bool = False
) -> list[slice]:
    """Cut the rows of the output into what fits a cache."""
    n, f, oh, ow = y_shape
    line = (weight.shape[3] * weight.shape[1] + f) * n * ow
    bytes_a_row = (line + weight.size * gradient) * weight.dtype.itemsize
    count = max(get_threads(), -(-oh * bytes_a_row // STRIP_BYTES)) if xp is np else 1
    return cut(oh, min(oh, count))
