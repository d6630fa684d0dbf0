"""Convolution by im2col, a strip of the image at a time: the path that any shape can take.

The products are those of `functional/im2col.py`. But an image of 500 x 500 with 64 channels has
columns of more than a gigabyte, so they are never made whole: the output is cut into *strips* of a
few rows, and only one strip's columns exist at a time for each thread. What follows a convolution,
the bias and a ReLU, is done while the strip is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from types import ModuleType

import numpy as np

from minifcn.backend import Array, array_module, cut, get_threads, parallel_map
from minifcn.functional.fast.columns import col2im_rows, im2col_rows
from minifcn.functional.fast.product import factors, product
from minifcn.functional.fast.recycle import recycled, recycled_zeros
from minifcn.functional.relu import add_bias
from minifcn.functional.window import Window

STRIP_BYTES = 2 << 20  # columns of one strip on a CPU: what threads have at a time stays in cache
GPU_STRIP_BYTES = 1 << 28  # on a GPU a strip must rather be large enough to fill the device


def strips(
    xp: ModuleType, height: int, *, row_bytes: int, weight_bytes: int = 0
) -> Iterator[slice]:
    """Cut `height` output rows into strips.

    A strip's columns take about STRIP_BYTES, but are no less than half the size of the weights:
    every strip reads (or sums up) all the weights once, and fc6's are 400 MB. There are as many
    strips for each thread.
    """
    share = max(STRIP_BYTES if xp is np else GPU_STRIP_BYTES, weight_bytes // 2)
    count, threads = -(-height * row_bytes // share), get_threads() if xp is np else 1
    yield from cut(height, min(height, -(-count // threads) * threads))


def strips_forward(
    x: Array,
    weight: Array,
    bias: Array | None,
    window: Window,
    groups: int = 1,
    *,
    relu: bool = False,
) -> Array:
    """Convolve: y[n,f,i,j] = bias[f] + sum_{c,a,b} weight[f,c,a,b] xpad[n,c,i*SH+a*DH,j*SW+b*DW].

    Parameters
    ----------
    x : array (N, C, H, W), float32 or float64
    weight : array (F, C/groups, KH, KW)
    bias : array (F,) or None
    window : Window
    groups : int
        Output channels f of group g see input channels of group g only.
    relu : bool
        Then max(y, 0), while a strip is in cache.

    Returns
    -------
    array (N, F, OH, OW), dtype of x

    Cost
    ----
    2*N*F*OH*OW*C/groups*KH*KW flop; extra memory of one strip a thread.
    """
    xp = array_module(x)
    (n, c), f = x.shape[:2], len(weight)
    oh, ow = window.output_size(x.shape[2:])
    y = recycled(xp, (n, f, oh, ow), x.dtype)
    x, matrix, scale = factors(x, weight.reshape(groups, f // groups, -1))  # (G, F/G, ...)

    def compute(work: tuple[int, int, slice]) -> None:
        image, group, rows = work
        columns = im2col_rows(x[image, _part(c, groups, group)], window, rows)
        filters = _part(f, groups, group)
        strip = y[image, filters].reshape(f // groups, -1)[:, rows.start * ow : rows.stop * ow]
        product(matrix[group], columns, scale, out=strip)
        add_bias(strip, None if bias is None else bias[filters], strip, relu=relu)

    parallel_map(xp, compute, _strip_work(xp, weight, groups, (n, oh, ow)))
    return y


def strips_backward_data(
    dy: Array, weight: Array, x_shape: tuple[int, ...], window: Window, groups: int = 1
) -> Array:
    """Gradient of the input: dcolumns = weight.T @ dy, added back to the image by `col2im`.

    Parameters
    ----------
    dy, weight : array (N, F, OH, OW) and (F, C/groups, KH, KW)
    x_shape : (N, C, H, W)
    window, groups : Window and int

    Returns
    -------
    array (N, C, H, W)
    """
    xp = array_module(dy)
    f, c = len(weight), x_shape[1]
    dx = recycled_zeros(xp, x_shape, dy.dtype)
    dy, matrix, scale = factors(dy, weight.reshape(groups, f // groups, -1))
    work = _strip_work(xp, weight, groups, (len(dy), *dy.shape[2:]))
    per_group, area = c // groups, prod(window.kernel_size)

    # Neighbouring strips add to the same pixels, so a thread owns some channels of an image.
    def compute(owned: tuple[int, int, slice]) -> None:
        image, group, channels = owned
        target = dx[image, _part(c, groups, group)][channels]
        own = matrix[group][:, channels.start * area : channels.stop * area].T
        for of_image, of_group, rows in work:
            if (of_image, of_group) == (image, group):
                dstrip = dy[image, _part(f, groups, group), rows].reshape(f // groups, -1)
                col2im_rows(product(own, dstrip, scale), target, window, rows)

    maps = [(image, group) for image in range(len(dy)) for group in range(groups)]
    count = -(-get_threads() // max(1, len(maps))) if xp is np else 1
    parts = cut(per_group, min(count, per_group))
    parallel_map(xp, compute, [(*each, part) for each in maps for part in parts])
    return dx


def strips_backward_weights(
    x: Array, dy: Array, weight_shape: tuple[int, ...], window: Window, groups: int = 1
) -> Array:
    """Gradient of the weights (F, C/groups, KH, KW): sum over images and strips of dy @ columns.T.

    Parameters
    ----------
    x, dy : array (N, C, H, W) and (N, F, OH, OW)
    weight_shape : (F, C/groups, KH, KW)
    window, groups : Window and int
    """
    xp = array_module(x)
    f, c = weight_shape[0], x.shape[1]
    like = xp.empty(weight_shape, dy.dtype)
    work = _strip_work(xp, like, groups, (len(dy), *dy.shape[2:]))
    x, dy, scale = factors(x, dy)

    # Each thread sums up its own share of the strips; the shares are then added in fixed order.
    def compute(share: list[tuple[int, int, slice]]) -> Array:
        total = recycled_zeros(xp, (groups, f // groups, like[0].size), like.dtype)
        for image, group, rows in share:
            dstrip = dy[image, _part(f, groups, group), rows].reshape(f // groups, -1)
            columns = im2col_rows(x[image, _part(c, groups, group)], window, rows)
            total[group] += product(dstrip, columns.T, scale)
        return total

    shares = max(1, min(len(work), get_threads())) if xp is np else 1
    first, *others = parallel_map(xp, compute, [work[i::shares] for i in range(shares)])
    for total in others:
        first += total
    return first.reshape(weight_shape)


def _part(channels: int, groups: int, group: int) -> slice:
    """Return the slice of channels that belongs to a group."""
    size = channels // groups
    return slice(group * size, (group + 1) * size)


def _strip_work(
    xp: ModuleType, weight: Array, groups: int, output: tuple[int, int, int]
) -> list[tuple[int, int, slice]]:
    """Return the (image, group, rows) of all strips for an output of (N, OH, OW)."""
    n, oh, ow = output
    row_bytes = weight[0].size * ow * weight.dtype.itemsize
    rows = list(strips(xp, oh, row_bytes=row_bytes, weight_bytes=weight.nbytes // groups))
    return [(i, g, r) for i in range(n) for g in range(groups) for r in rows]
