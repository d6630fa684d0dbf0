"""The products of Winograd convolution: one of two matrices for each point.

They are many and small, so they are batches, cut into blocks of a size that is fast.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.functional.fast.scratch import scratch

# OpenBLAS computes products of up to a million multiplications without first copying the factors
# into an order of its own. On AVX-512 that is 1.3 to 1.8 times faster.
SMALL_PRODUCT = 1_000_000
SMALL_SIDE = 32  # where one factor is transposed, the result must be small too


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
