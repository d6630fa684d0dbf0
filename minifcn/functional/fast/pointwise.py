"""1 x 1 convolution as a plain product: the image is its own column matrix.

The products are cut into pieces for the threads along their longer side, so that of two factors
the larger is read once: the pixels of a score layer, the filters of fc7.

What else the paths of `paths.py` are given, window and groups, says nothing of a 1 x 1 kernel.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from minifcn.backend import Array, array_module, cut, get_threads, parallel_map
from minifcn.functional.fast.product import factors, product
from minifcn.functional.fast.recycle import recycled
from minifcn.functional.relu import add_bias

PIECES = 4  # for each thread of a large product, so that a thread that was held up finds help
SMALL_MAP = 64  # pixels, up to which the maps of all images are one
SMALL_PIECE = 1 << 25  # multiplications; a smaller piece takes BLAS more time to prepare


def pointwise_forward(
    x: Array, weight: Array, bias: Array | None, *_: object, relu: bool = False
) -> Array:
    """Return y[n,f,i,j] = bias[f] + sum_c weight[f,c] x[n,c,i,j].

    Parameters
    ----------
    x : array (N, C, H, W), float32 or float64
    weight : array (F, C, 1, 1)
    bias : array (F,) or None
    relu : bool
        Then max(y, 0), while a piece is in cache.

    Returns
    -------
    array (N, F, H, W), dtype of x
    """
    return _multiply(weight[:, :, 0, 0], x, bias, relu=relu)


def pointwise_backward_data(dy: Array, weight: Array, *_: object) -> Array:
    """Return dx[n,c,i,j] = sum_f weight[f,c] dy[n,f,i,j]."""
    return _multiply(weight[:, :, 0, 0].T, dy, None)


def pointwise_backward_weights(x: Array, dy: Array, *_: object) -> Array:
    """Return dweight[f,c] = sum_{n,i,j} dy[n,f,i,j] x[n,c,i,j], as (F, C, 1, 1)."""
    xp = array_module(x)
    c, f = x.shape[1], dy.shape[1]
    dweight = recycled(xp, (f, c), dy.dtype)
    dy, x, scale = factors(_maps(dy), _maps(x))

    def compute(piece: tuple[slice, slice]) -> None:
        filters, channels = piece
        target = dweight[filters, channels]
        product(dy[0, filters], x[0, channels].T, scale, out=target)
        for image in range(1, len(x)):
            target += product(dy[image, filters], x[image, channels].T, scale)

    parallel_map(xp, compute, _pieces(xp, f, c, x.size // c))
    return dweight[:, :, None, None]


def _multiply(matrix: Array, x: Array, bias: Array | None, *, relu: bool = False) -> Array:
    """Return y[n] = matrix @ x[n] + bias: (F, C) and (N, C, H, W) -> (N, F, H, W)."""
    xp = array_module(x)
    (images, _, h, w), f, dtype = x.shape, len(matrix), x.dtype
    x, matrix, scale = factors(_maps(x), matrix)
    n, c, pixels = x.shape
    y = recycled(xp, (n, f, pixels), dtype)

    def compute(work: tuple[int, tuple[slice, slice]]) -> None:
        image, (filters, columns) = work
        target = y[image, filters, columns]
        product(matrix[filters], x[image, :, columns], scale, out=target)
        add_bias(target, None if bias is None else bias[filters], target, relu=relu)

    pieces = _pieces(xp, f, pixels, c, n)
    parallel_map(xp, compute, [(image, piece) for image in range(n) for piece in pieces])
    # Images that were joined are taken apart; either way it is a view.
    return y.reshape(n, f, -1, h, w).swapaxes(1, 2).reshape(images, f, h, w)


def _maps(x: Array) -> Array:
    """Return (N, C, H, W) as (N, C, H*W); of small maps those of all images as one, side by side.

    Then fc7's weights are read once, and not for each image.
    """
    n, c, h, w = x.shape
    if array_module(x) is np and h * w <= SMALL_MAP:
        return x.swapaxes(0, 1).reshape(1, c, n * h * w)
    return x.reshape(n, c, h * w)


def _pieces(
    xp: ModuleType, rows: int, columns: int, inner: int, products: int = 1
) -> list[tuple[slice, slice]]:
    """Cut each of some products along its longer side for the threads; on a GPU leave it whole."""
    longer, threads = max(rows, columns), -(-get_threads() // products)
    count = min(rows * columns * inner // SMALL_PIECE, PIECES * threads)
    pieces = cut(longer, min(max(count, threads), longer) if xp is np else 1)
    if rows > columns:
        return [(piece, slice(0, columns)) for piece in pieces]
    return [(slice(0, rows), piece) for piece in pieces]
