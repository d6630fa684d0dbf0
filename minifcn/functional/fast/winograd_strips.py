"""Strips of Winograd convolution: how the work is cut, and the points and products of a strip."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from minifcn.backend import Array, array_module, cut, parallel_map
from minifcn.functional.fast.scratch import scratch
from minifcn.functional.fast.winograd_transforms import Pair, Tiling, image_to_points
from minifcn.system.machine import second_level_cache

STRIP_BYTES = 64 << 20
GPU_STRIP_BYTES = 512 << 20


def tiles_for(cache: int | None) -> int:
    """Return how many tiles * channels a thread transforms at a time, by its core's cache in bytes.

    The 6 x 6 points of float32 then fill half of it. A cache of less than 1 MB is taken for one of
    that, as is an unknown one: smaller parts are not worth handing to a thread. Beyond 4 MB, which
    some cores share, nothing is gained.
    """
    return min(max(cache or 0, 1 << 20), 4 << 20) // 2 // (36 * 4)


TILES_AT_A_TIME = tiles_for(second_level_cache())  # the same on every run on this machine

# OpenBLAS computes products of up to a million multiplications without first copying the factors
# into an order of its own. On AVX-512 that is 1.3 to 1.8 times faster.
SMALL_PRODUCT = 1_000_000
SMALL_SIDE = 32  # where one factor is transposed, the result must be small too


def parts_of(xp: ModuleType, size: int, most: int) -> list[slice]:
    """Cut range(size) into slices of `most` at most; on a GPU leave it whole."""
    return cut(size, -(-size // max(1, most)) if xp is np else 1)


def strips_of(xp: ModuleType, tiling: Tiling, tiles: int, bytes_a_tile: int) -> list[slice]:
    """Cut the rows of tiles into strips of about `tiles` tiles, or what memory allows."""
    bound = STRIP_BYTES if xp is np else GPU_STRIP_BYTES
    tiles = min(tiles if xp is np else bound, bound // bytes_a_tile)
    most = max(1, tiles // max(1, tiling.columns))
    return cut(tiling.rows, -(-tiling.rows // most))


def points_of(
    name: str, image: Array, matrix: Array, pad: Pair, tiling: Tiling, rows: slice
) -> Array:
    """Transform a strip of an image (C, H, W), its channels shared out: (P * P, C, T)."""
    xp = array_module(image)
    c, n, tiles = len(image), len(matrix), (rows.stop - rows.start) * tiling.columns
    points = scratch(xp, name, (n, n, c * tiles), image.dtype)

    def transform(part: slice) -> None:
        out = points[:, :, part.start * tiles : part.stop * tiles]
        image_to_points(image[part], matrix, pad, tiling, rows, out)

    parallel_map(xp, transform, parts_of(xp, c, TILES_AT_A_TIME // tiles))
    return points.reshape(n * n, c, tiles)


def multiply(kernels: Array, points: Array) -> Array:
    """Return kernels[p] @ points[p]: (P, P, F * C), (P * P, C, T) -> (P, P, F * T) in scratch."""
    xp = array_module(points)
    n, (count, c, t) = len(kernels), points.shape
    f = kernels.shape[2] // c
    size = _block(xp, f, SMALL_PRODUCT // (c * t))
    products = scratch(xp, "products", (count, f // size, size, t), points.dtype)
    xp.matmul(kernels.reshape(count, f // size, size, c), points[:, None], out=products)
    return products.reshape(n, n, f * t)


def add_products(dy: Array, x: Array, total: Array, first: bool, part: slice) -> None:
    """Add dy[p] @ x[p].T at some points p: (P * P, F, T), (P * P, C, T) -> (P * P, F, C)."""
    xp = array_module(total)
    dy, x, total = dy[part], x[part], total[part]
    (count, f, t), c = dy.shape, x.shape[1]
    size_f, size_c = _block(xp, f, SMALL_SIDE), _block(xp, c, SMALL_SIDE)
    products = total if first else scratch(xp, "products", total.shape, total.dtype)
    xp.matmul(
        dy.reshape(count, f // size_f, 1, size_f, t),
        x.reshape(count, 1, c // size_c, size_c, t).swapaxes(3, 4),
        out=products.reshape(count, f // size_f, size_f, c // size_c, size_c).swapaxes(2, 3),
    )
    if not first:
        total += products


def _block(xp: ModuleType, size: int, most: int) -> int:
    """Return the largest divisor of `size` up to `most`; on a GPU, or if it is tiny, `size`."""
    divisors = [block for block in range(4, min(size, most) + 1) if size % block == 0]
    return divisors[-1] if divisors and xp is np else size
