"""Upsampling each channel by itself with one kernel that is the product of a column and a row.

So it is with bilinear interpolation, the first and often the last weight of an FCN's upsampling.
Along one axis a deconvolution is a product with a matrix that has the kernel in each of its rows,
S columns farther on from row to row:

    up[i, i*S + a - P] = kernel[a]          (H, OH)
    y = up_rows.T @ x @ up_columns          (OH, H) (H, W) (W, OW)

Two products for all channels, in place of a convolution for each phase of the stride, between all
pairs of channels that a weight (C, C, KH, KW) could connect and does not. Backwards they are the
products with the transposes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minifcn.backend import Array, array_module, cut, get_threads, parallel_map
from minifcn.functional.fast.recycle import recycled
from minifcn.functional.window import Window

ROWS = 128  # of outputs at a time: they depend on some of the inputs only


class Factors(NamedTuple):
    """A kernel (KH, KW) that is column[a] * row[b], the same in each channel."""

    column: Array  # (KH,)
    row: Array  # (KW,)


def separate(weight: Array, groups: int) -> Factors | None:
    """Return the factors of a deconvolution's weights, or None if they are not of that kind.

    Parameters
    ----------
    weight : array (C, F/groups, KH, KW)
        On a GPU it is not looked at, for that would wait for it.
    groups : int
    """
    c, f = weight.shape[:2]
    if array_module(weight) is not np or f * groups != c:
        return None
    own = weight[np.arange(c), np.arange(c) % f]  # (C, KH, KW)
    if (own != own[0]).any() or np.count_nonzero(weight) != c * np.count_nonzero(own[0]):
        return None
    kernel = own[0]
    a, b = np.unravel_index(abs(kernel).argmax(), kernel.shape)
    if not (pivot := kernel[a, b]):
        return None
    factors = Factors(kernel[:, b], kernel[a] / pivot)
    error = abs(np.outer(*factors) - kernel).max()
    return factors if error <= 2 * np.finfo(kernel.dtype).eps * abs(pivot) else None


def upsample(x: Array, factors: Factors, y_shape: tuple[int, ...], window: Window) -> Array:
    """Return y (N, C, OH, OW) of x (N, C, H, W): the deconvolution with these factors."""
    xp, (n, c, h, w), (oh, ow) = array_module(x), x.shape, y_shape[2:]
    down, across = _matrices(factors, (h, w), (oh, ow), window)
    wide = (x.reshape(-1, w) @ across).reshape(n * c, h, ow)
    y = recycled(xp, (n * c, oh, ow), x.dtype)

    def compute(part: slice) -> None:
        for rows in cut(oh, -(-oh // ROWS)):
            seen = _seen(rows, h, window, 0)
            xp.matmul(down[seen, rows].T, wide[part, seen], out=y[part, rows])

    parallel_map(xp, compute, cut(n * c, min(n * c, get_threads())))
    return y.reshape(y_shape)


def upsample_backward(
    dy: Array, factors: Factors, x_shape: tuple[int, ...], window: Window
) -> Array:
    """Return dx (N, C, H, W), the transpose of `upsample`."""
    xp, (n, c, h, w), (oh, ow) = array_module(dy), x_shape, dy.shape[2:]
    down, across = _matrices(factors, (h, w), (oh, ow), window)
    dy = dy.reshape(n * c, oh, ow)
    wide = xp.zeros((n * c, h, ow), dy.dtype)

    def compute(part: slice) -> None:
        for rows in cut(oh, -(-oh // ROWS)):
            seen = _seen(rows, h, window, 0)
            wide[part, seen] += xp.matmul(down[seen, rows], dy[part, rows])

    parallel_map(xp, compute, cut(n * c, min(n * c, get_threads())))
    return (wide.reshape(-1, ow) @ across.T).reshape(x_shape)


def _matrices(
    factors: Factors, size: tuple[int, int], output: tuple[int, int], window: Window
) -> list[Array]:
    """Return the matrices (H, OH) and (W, OW) of the two axes."""
    return [
        _matrix(*sizes)
        for sizes in zip(factors, size, output, window.stride, window.pad, strict=True)
    ]


def _matrix(kernel: Array, inputs: int, outputs: int, stride: int, pad: int) -> Array:
    matrix = np.zeros((inputs, outputs + 2 * pad), kernel.dtype)
    place = np.arange(inputs)[:, None]
    matrix[place, place * stride + np.arange(len(kernel))] = kernel
    return matrix[:, pad : pad + outputs]


def _seen(rows: slice, inputs: int, window: Window, axis: int) -> slice:
    """Return the inputs that some rows of outputs depend on."""
    kernel, stride, pad = (sizes[axis] for sizes in window[:3])
    first = -(-(rows.start + pad - kernel + 1) // stride)
    return slice(max(0, first), min(inputs, (rows.stop - 1 + pad) // stride + 1))
