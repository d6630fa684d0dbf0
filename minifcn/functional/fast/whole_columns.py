"""Convolution with many weights and few pixels: fc6, and 3 x 3 layers on the smallest maps.

There the weights, not the columns, are what takes time to read: fc6 has 411 MB of them and columns
of 26 MB. `strips.py` cuts the pixels into strips and reads (or sums up) all weights in every
strip. Here the columns of all images are made whole, once, side by side:

    y        = weight @ columns               the threads share out the filters (F)
    dweight  = dy @ columns.T                 the filters again: each weight is written once
    dcolumns = weight.T @ dy, then col2im     the input's channels (C): each has its own pixels

so every weight is read or written exactly once, by one thread, and no sums are added up.
"""

from __future__ import annotations

from math import prod
from types import ModuleType

import numpy as np

from minifcn.backend import Array, array_module, cut, get_threads, parallel_map
from minifcn.functional.fast.columns import col2im_rows, im2col_rows
from minifcn.functional.fast.product import factors, product
from minifcn.functional.fast.recycle import recycled, recycled_zeros
from minifcn.functional.window import Window

PIECES = 4  # for each thread, of a large product; each packs the columns for BLAS again
LARGE = 1 << 28  # multiplications; of a smaller product each thread takes one piece


def whole_forward(x: Array, weight: Array, bias: Array | None, window: Window, *_: object) -> Array:
    """Convolve, as `im2col_forward` does.

    Parameters
    ----------
    x : array (N, C, H, W), float32 or float64
    weight : array (F, C, KH, KW)
    bias : array (F,) or None
    window : Window

    Returns
    -------
    array (N, F, OH, OW), dtype of x

    Cost
    ----
    The flop of `im2col_forward`; extra memory of the columns, N*OH*OW*C*KH*KW values.
    """
    xp = array_module(x)
    n, f = len(x), len(weight)
    oh, ow = window.output_size(x.shape[2:])
    y = recycled(xp, (n, f, oh, ow), x.dtype)
    x, matrix, scale = factors(x, weight.reshape(f, -1))
    columns = _columns(x, window)

    def compute(filters: slice) -> None:
        part = product(matrix[filters], columns, scale)  # (F', N*OH*OW)
        if bias is not None:
            part += bias[filters, None]
        y[:, filters] = part.reshape(-1, n, oh, ow).swapaxes(0, 1)

    parallel_map(xp, compute, _pieces(xp, f, columns.size))
    return y


def whole_backward_data(
    dy: Array, weight: Array, x_shape: tuple[int, ...], window: Window, *_: object
) -> Array:
    """Gradient of the input (N, C, H, W), as `im2col_backward_data` gives it."""
    xp = array_module(dy)
    (n, f, oh, _), (_, c, kh, kw) = dy.shape, weight.shape
    dx = recycled_zeros(xp, (c, n, *x_shape[2:]), dy.dtype)
    dy, matrix, scale = factors(_side_by_side(dy), weight.reshape(f, -1))

    def compute(channels: slice) -> None:
        rows = slice(channels.start * kh * kw, channels.stop * kh * kw)
        col2im_rows(product(matrix[:, rows].T, dy, scale), dx[channels], window, slice(0, oh))

    parallel_map(xp, compute, _pieces(xp, c, kh * kw * dy.size))
    return xp.ascontiguousarray(dx.swapaxes(0, 1))


def whole_backward_weights(
    x: Array, dy: Array, weight_shape: tuple[int, ...], window: Window, *_: object
) -> Array:
    """Gradient of the weights (F, C, KH, KW), as `im2col_backward_weights` gives it."""
    xp = array_module(x)
    dweight = recycled(xp, (dy.shape[1], weight_shape[1] * prod(window.kernel_size)), dy.dtype)
    x, dy, scale = factors(x, _side_by_side(dy))
    columns = _columns(x, window)

    def compute(filters: slice) -> None:
        product(dy[filters], columns.T, scale, out=dweight[filters])

    parallel_map(xp, compute, _pieces(xp, len(dy), columns.size))
    return dweight.reshape(weight_shape)


def _columns(x: Array, window: Window) -> Array:
    """Return the columns of all images, side by side: (C*KH*KW, N*OH*OW)."""
    rows = slice(0, window.output_size(x.shape[2:])[0])
    return im2col_rows(x.swapaxes(0, 1), window, rows)


def _side_by_side(dy: Array) -> Array:
    """Return dy with the pixels of all images side by side: (N, F, OH, OW) -> (F, N*OH*OW)."""
    return dy.swapaxes(0, 1).reshape(dy.shape[1], -1)


def _pieces(xp: ModuleType, size: int, multiplications: int) -> list[slice]:
    """Cut channels, of so many multiplications each, for the threads; on a GPU leave them whole."""
    count = (PIECES if size * multiplications > LARGE else 1) * get_threads()
    return cut(size, min(size, count) if xp is np else 1)
