"""Winograd convolution: kernels of 3 x 3 with a fifth of the multiplications, also 5 x 5 and 7 x 7.

A tile of 6 x 6 outputs of a 3 x 3 convolution depends on a tile of 8 x 8 inputs. Directly it takes
36 * 9 = 324 products for each pair of channels. 64 are enough if tile and kernel are first
transformed, each on its own; `winograd_transforms.py` says why. Then

    points   = transformed tiles                 (64, C, T)   for each channel and tile
    kernels  = transformed weights               (64, F, C)
    products = kernels[p] @ points[p]            (64, F, T)   sums over channels, as always
    outputs  = transformed back                  (F, T) tiles of 6 x 6

and the work is a batch of 64 matrix products. The transforms cost by channel, the products by
pair of channels: it pays from about 16 channels on.

The gradients are the transposed formulas. That of the input is the convolution with the kernels
turned round. That of the weights transforms tiles of x and of dy, sums their products over all
tiles, and transforms back once.

Speed. The outputs are cut into *strips*, some rows of tiles, small enough that points and products
stay in cache; what follows the convolution (bias, ReLU, 2 x 2 max pool) is done there too. A
large map has many strips, and they go to the threads. A small one has few, and the threads
share out the channels and the filters of each.
"""

from __future__ import annotations

from math import prod
from types import ModuleType
from typing import NamedTuple

import numpy as np

from minifcn.backend import Array, array_module, get_threads, parallel_map
from minifcn.functional.scratch import scratch
from minifcn.functional.winograd_transforms import (
    POINTS,
    along_both_axes,
    image_to_points,
    points_to_weights,
    transforms,
    weights_to_points,
)

Pair = tuple[int, int]
Strip = tuple[int, slice]  # an image of the batch and some rows of tiles

# Sizes for a CPU, found by measuring. STRIP_BYTES also bounds the scratch memory of a thread.
STRIP_TILES = 96
SUM_TILES = 1000  # of the weights' gradient, where sums over more tiles mean fewer additions
STRIP_BYTES = 64 << 20
TILES_AT_A_TIME = 2_000  # channels * tiles in one transform
KERNELS_AT_A_TIME = 1 << 14  # filters * channels in one transform
BANK_BYTES = 64 << 20  # the transformed weights of a layer are kept during a call up to this size

# OpenBLAS computes products of up to a million multiplications without first copying the factors
# into an order of its own. Where it has AVX-512 that is 1.3 to 1.8 times faster.
SMALL_PRODUCT = 1_000_000
SMALL_SIDE = 32  # the same for a product with a transposed factor, where a side must be small too


class Grid(NamedTuple):
    """How a map of outputs is cut into tiles."""

    height: int  # of the map
    width: int
    side: int  # of a tile of points
    step: int  # of a tile of outputs
    rows: int  # of tiles
    columns: int


def winograd_forward(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    pad: Pair,
    relu: bool = False,
    pool: bool = False,
) -> Array:
    """Convolve with stride 1; then, if asked, max(y, 0) and the 2 x 2 max pool of stride 2.

    Parameters
    ----------
    x : array (N, C, H, W), float32 or float64
    weight : array (F, C, R, R), R = 3, 5 or 7
    bias : array (F,) or None
    pad : (int, int)
        Zeros on each side, vertically and horizontally, in pixels.
    relu, pool : bool
        The size of a pooled map is rounded up, as in Caffe.

    Returns
    -------
    array (N, F, OH, OW), dtype of x; OH = H + 2 PH - R + 1, with `pool` ceil(OH / 2)
    """
    xp = array_module(x)
    (n, c), f = x.shape[:2], len(weight)
    grid = _grid(x.shape, weight.shape, pad)
    matrices = transforms(xp, weight.shape[2], x.dtype)
    y = xp.empty((n, f, *(_pooled(grid) if pool else grid[:2])), x.dtype)
    strips = _strips(xp, n, grid, c * x.dtype.itemsize, STRIP_TILES)
    parts = _cut(xp, f, KERNELS_AT_A_TIME // c)

    # Many strips share one bank of transformed kernels; few transform them as they go.
    bank_shape = (grid.side, grid.side, f * c)
    small = prod(bank_shape) * x.dtype.itemsize <= BANK_BYTES
    many = small and len(strips) >= 2 * get_threads()
    bank = scratch(xp, "bank", bank_shape, x.dtype) if many else None

    def evaluate(part: slice) -> Array:
        here = slice(part.start * c, part.stop * c)
        shape = (grid.side, grid.side, here.stop - here.start)
        memory = scratch(xp, "kernels", shape, x.dtype) if bank is None else bank[..., here]
        return weights_to_points(weight[part], matrices.weight, memory)  # (8, 8, F' * C)

    def convolve(strip: Strip) -> None:
        image, rows = strip
        points = _points("points", x[image], matrices.data, grid, rows, pad)  # (64, C, T)

        def filters(part: slice) -> None:
            kernels = evaluate(part) if bank is None else bank[..., part.start * c : part.stop * c]
            products = _products(kernels.reshape(len(points), -1, c), points)  # (64, F', T)
            tiles = _outputs(products, matrices.output)  # (M, M, F' * T)
            if pool:
                tiles = _max_pool(tiles, grid, rows)  # (M / 2, M / 2, F' * T)
            if bias is not None:
                with_bias = tiles.reshape(*tiles.shape[:2], -1, points.shape[2])
                with_bias += bias[part, None]
            if relu:
                _rectify(tiles)
            _lay(tiles, grid, rows, y[image, part])

        parallel_map(xp, filters, parts)

    if many:
        parallel_map(xp, evaluate, parts)
        parallel_map(xp, convolve, strips)
    else:
        for strip in strips:
            convolve(strip)
    return y


def winograd_backward_data(
    dy: Array, weight: Array, *, pad: Pair, x_shape: tuple[int, ...]
) -> Array:
    """Return dx: the convolution of dy with the kernels turned round, in and out exchanged.

    dx[n,c,y,x] = sum_{f,a,b} weight[f,c,R-1-a,R-1-b] dy[n,f,y+a-(R-1-PH),x+b-(R-1-PW)]

    Parameters
    ----------
    dy : array (N, F, OH, OW)
    weight : array (F, C, R, R)
    pad : (int, int)
        Of the forward pass. Where it exceeds R - 1 pixels, the outermost outputs saw nothing.
    x_shape : (N, C, H, W)
    """
    (ph, pw), (h, w), edge = pad, x_shape[2:], weight.shape[2] - 1
    saw = dy[:, :, max(0, ph - edge) : ph + h, max(0, pw - edge) : pw + w]
    turned = weight.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    return winograd_forward(saw, turned, pad=(max(0, edge - ph), max(0, edge - pw)))


def winograd_backward_weights(x: Array, dy: Array, *, pad: Pair) -> Array:
    """Return dweight (F, C, R, R) = G' [sum over tiles of (A dy A') * (B' x B)] G.

    Parameters
    ----------
    x : array (N, C, H, W)
    dy : array (N, F, OH, OW)
    pad : (int, int)
        Of the forward pass.
    """
    xp = array_module(x)
    (n, c), (f, oh) = x.shape[:2], dy.shape[1:3]
    r = x.shape[2] + 2 * pad[0] - oh + 1
    grid = _grid(x.shape, (f, c, r, r), pad)
    matrices = transforms(xp, r, x.dtype)
    total = scratch(xp, "total", (grid.side**2, f, c), x.dtype)
    strips = _strips(xp, n, grid, (c + f) * x.dtype.itemsize, SUM_TILES)
    for number, (image, rows) in enumerate(strips):
        seen = _points("points", x[image], matrices.data, grid, rows, pad)  # (64, C, T)
        came = _points("dy", dy[image], matrices.output.T, grid, rows, (0, 0))  # (64, F, T)

        def add(part: slice, number=number, seen=seen, came=came) -> None:
            _sum_over_tiles(came[part], seen[part], total[part], first=number == 0)

        parallel_map(xp, add, _cut(xp, grid.side**2, 4))

    dweight = xp.empty((f, c, r, r), x.dtype)
    parallel_map(
        xp,
        lambda part: points_to_weights(
            total[:, part].reshape(grid.side, grid.side, -1), matrices.weight, dweight[part]
        ),
        _cut(xp, f, KERNELS_AT_A_TIME // c),
    )
    return dweight


def _grid(x_shape: tuple[int, ...], weight_shape: tuple[int, ...], pad: Pair) -> Grid:
    (h, w), (r, s) = x_shape[2:], weight_shape[2:]
    if r != s or r not in POINTS:
        raise ValueError(f"winograd: kernels must be 3 x 3, 5 x 5 or 7 x 7 pixels, not {r} x {s}")
    height, width = h + 2 * pad[0] - r + 1, w + 2 * pad[1] - r + 1
    side = len(POINTS[r]) + 1
    step = side + 1 - r
    return Grid(height, width, side, step, -(-height // step), -(-width // step))


def _pooled(grid: Grid) -> Pair:
    return -(-grid.height // 2), -(-grid.width // 2)


def _cut(xp: ModuleType, size: int, most: int) -> list[slice]:
    """Cut range(size) into slices of nearly equal length; on a GPU leave it whole."""
    count = -(-size // max(1, most)) if xp is np else 1
    return [slice(size * i // count, size * (i + 1) // count) for i in range(count)]


def _strips(xp: ModuleType, images: int, grid: Grid, bytes_a_tile: int, tiles: int) -> list[Strip]:
    """Cut the work into rows of tiles: about `tiles` tiles, but within STRIP_BYTES, in a strip."""
    tiles = max(1, min(tiles, STRIP_BYTES // (grid.side**2 * bytes_a_tile)))
    count = -(-grid.rows // max(1, tiles // grid.columns))
    cuts = [slice(grid.rows * i // count, grid.rows * (i + 1) // count) for i in range(count)]
    return [(image, rows) for image in range(images) for rows in cuts]


def _points(name: str, image: Array, matrix: Array, grid: Grid, rows: slice, pad: Pair) -> Array:
    """Transform a strip of an image (C, H, W), its channels shared out: (64, C, T)."""
    xp = array_module(image)
    c, tiles = len(image), (rows.stop - rows.start) * grid.columns
    points = scratch(xp, name, (grid.side, grid.side, c * tiles), image.dtype)

    def transform(part: slice) -> None:
        out = points[:, :, part.start * tiles : part.stop * tiles]
        image_to_points(
            image[part], matrix, grid.step, pad, rows=rows, columns=grid.columns, out=out
        )

    parallel_map(xp, transform, _cut(xp, c, TILES_AT_A_TIME // tiles))
    return points.reshape(-1, c, tiles)


def _products(kernels: Array, points: Array) -> Array:
    """Return kernels[p] @ points[p] at all points: (64, F, C), (64, C, T) -> (8, 8, F * T)."""
    xp = array_module(points)
    (count, f, c), t = kernels.shape, points.shape[2]
    size = _block(xp, f, SMALL_PRODUCT // (c * t))
    products = scratch(xp, "products", (count, f // size, size, t), points.dtype)
    xp.matmul(kernels.reshape(count, f // size, size, c), points[:, None], out=products)
    return products


def _outputs(products: Array, matrix: Array) -> Array:
    """Transform products back: (N * N, F, T) -> (M, M, F * T)."""
    xp = array_module(products)
    m, n = matrix.shape
    out = scratch(xp, "outputs", (m, m, products[0].size), products.dtype)
    return along_both_axes(matrix, products.reshape(n, n, -1), out)


def _sum_over_tiles(came: Array, seen: Array, total: Array, *, first: bool) -> None:
    """Add came[p] @ seen[p].T to the total: (P, F, T), (P, C, T) -> (P, F, C)."""
    xp = array_module(total)
    (count, f, t), c = came.shape, seen.shape[1]
    a, b = _block(xp, f, SMALL_SIDE), _block(xp, c, SMALL_SIDE)
    target = total if first else scratch(xp, "products", total.shape, total.dtype)
    xp.matmul(
        came.reshape(count, f // a, 1, a, t),
        seen.reshape(count, 1, c // b, b, t).swapaxes(3, 4),
        out=target.reshape(count, f // a, a, c // b, b).swapaxes(2, 3),
    )
    if not first:
        total += target


def _block(xp: ModuleType, size: int, most: int) -> int:
    """Return the largest divisor of `size` up to `most`, or `size` if that would be tiny."""
    divisors = [block for block in range(4, min(size, most) + 1) if size % block == 0]
    return divisors[-1] if divisors and xp is np else size


def _max_pool(tiles: Array, grid: Grid, rows: slice) -> Array:
    """Pool 2 x 2 outputs within tiles, (M, M, N) -> (M/2, M/2, N); M is even."""
    xp = array_module(tiles)
    m, _, n = tiles.shape
    placed = tiles.reshape(m, m, -1, rows.stop - rows.start, grid.columns)
    # Where the map ends with half a window, the other half must not win.
    if grid.height % 2 and rows.stop == grid.rows:
        placed[:, grid.height % m, :, -1] = -xp.inf
    if grid.width % 2:
        placed[grid.width % m, ..., -1] = -xp.inf
    half = scratch(xp, "half pooled", (m // 2, m, n), tiles.dtype)
    xp.maximum(tiles[0::2], tiles[1::2], out=half)
    pooled = scratch(xp, "pooled", (m // 2, m // 2, n), tiles.dtype)
    return xp.maximum(half[:, 0::2], half[:, 1::2], out=pooled)


def _rectify(tiles: Array) -> None:
    # An array of zeros: NumPy's maximum is three times slower with a number.
    xp = array_module(tiles)
    xp.maximum(tiles, xp.zeros(tiles.shape[-1], tiles.dtype), out=tiles)


def _lay(tiles: Array, grid: Grid, rows: slice, y: Array) -> None:
    """Lay a strip of tiles (M, M, F * T), columns first, side by side into y (F, OH, OW)."""
    m = len(tiles)
    placed = tiles.reshape(m, m, len(y), rows.stop - rows.start, grid.columns)
    strip = y[:, m * rows.start : m * rows.stop]
    for i in range(m):
        for j in range(m):
            part = strip[:, i::m, j::m]  # what tiles reach beyond the map is left out
            part[...] = placed[j, i, :, : part.shape[1], : part.shape[2]]
