"""The transforms of Winograd convolution: images and kernels to points, and back.

Each is "matrix tile matrix'" for many tiles at once, done as two products of a small matrix with a
wide one, first along the columns of the tiles and then along their rows. A transformed array has
the shape (P, P, ...): the column's point, the row's point, and then everything else (channels,
filters, tiles) side by side. NumPy copies fastest along the last axis, and so do these loops.
"""

from __future__ import annotations

from typing import NamedTuple

from minifcn.backend import Array, array_module
from minifcn.functional.fast.scratch import scratch

Pair = tuple[int, int]


class Tiling(NamedTuple):
    """How a map of outputs is cut into tiles; the last row and column may reach beyond it."""

    height: int  # of the map, in pixels
    width: int
    step: int  # the side M of a tile of outputs: even
    rows: int  # of tiles
    columns: int


def tiling_of(size: Pair, step: int) -> Tiling:
    """Return how a map of outputs (height, width) is cut into tiles of step x step."""
    return Tiling(*size, step, *(-(-pixels // step) for pixels in size))


def along_both_axes(matrix: Array, tiles: Array, out: Array) -> Array:
    """Write out[j,i,:] = sum_{a,b} matrix[i,a] matrix[j,b] tiles[b,a,:], and return it.

    Parameters
    ----------
    matrix : array (J, K)
    tiles : array (K, K, L)
    out : array (J, J, L)
    """
    xp = array_module(tiles)
    (j, k), length = matrix.shape, tiles.shape[2]
    half = scratch(xp, "along one axis", (k, j, length), tiles.dtype)
    xp.matmul(matrix, tiles, out=half)
    xp.matmul(matrix, half.transpose(1, 0, 2), out=out.transpose(1, 0, 2))
    return out


def image_to_points(
    image: Array, matrix: Array, pad: Pair, tiling: Tiling, rows: slice, out: Array
) -> None:
    """Cut some rows of tiles out of an image and transform them.

    out[j,i,c*T+t] = sum_{a,b} matrix[i,a] matrix[j,b] padded[c, step*r + a, step*s + b]
    for the tile t = (r - rows.start) * columns + s of T

    Parameters
    ----------
    image : array (C, H, W)
    matrix : array (P, K)
        Tiles are K pixels wide, and overlap by what K exceeds the step.
    pad : (int, int)
        Pixels of zeros above and left of the image; below and right they go on as needed.
    tiling : Tiling
    rows : slice
        Of tiles.
    out : array (P, P, C * T)
    """
    xp = array_module(image)
    (c, h, w), (p, k), (ph, pw) = image.shape, matrix.shape, pad
    step, columns, r = tiling.step, tiling.columns, rows.stop - rows.start

    # Along the columns of tiles: the matrix times K rows of the image, where they lie.
    lines = scratch(xp, "lines", (p, c, r, step * (columns - 1) + k), image.dtype)
    lines[..., :pw] = 0
    lines[..., pw + w :] = 0
    for row in range(r):
        y = step * (rows.start + row) - ph
        top, bottom = max(0, -y), min(k, h - y)  # which rows of the tile lie in the image
        target = lines[:, :, row, pw : pw + w].transpose(1, 0, 2)  # (C, P, W)
        if top < bottom:
            xp.matmul(matrix[:, top:bottom], image[:, y + top : y + bottom], out=target)
        else:
            target[...] = 0

    # Along the rows of tiles: gather pixel b of all tiles, for each b; then the same product.
    sp, sc, sr, sx = lines.strides
    windows = xp.lib.stride_tricks.as_strided(
        lines, (k, p, c, r, columns), (sx, sp, sc, sr, step * sx)
    )
    pixels = scratch(xp, "pixels", windows.shape, image.dtype)
    pixels[...] = windows
    xp.matmul(matrix, pixels.reshape(k, p, -1).transpose(1, 0, 2), out=out.transpose(1, 0, 2))


def weights_to_points(weight: Array, matrix: Array, out: Array) -> Array:
    """Transform kernels (F, C, R, R), out[:,:,f*C+c] = G g G', and return out (P, P, F * C)."""
    f, c, r, _ = weight.shape
    taps = scratch(array_module(weight), "weights", (r, r, f, c), weight.dtype)
    taps[...] = weight.transpose(3, 2, 0, 1)
    return along_both_axes(matrix, taps.reshape(r, r, f * c), out)


def points_to_weights(points: Array, matrix: Array, out: Array) -> None:
    """Run `weights_to_points` backwards: from (P, P, F * C) to out = G' points G, (F, C, R, R)."""
    f, c, r, _ = out.shape
    taps = scratch(array_module(points), "weights", (r, r, f * c), points.dtype)
    along_both_axes(matrix.T, points, taps)
    for b in range(r):  # a copy for each place: in a single one the inner loop has R turns
        for a in range(r):
            out[:, :, a, b] = taps[b, a].reshape(f, c)


def points_to_image(
    points: Array,
    matrix: Array,
    tiling: Tiling,
    rows: slice,
    y: Array,
    *,
    bias: Array | None,
    relu: bool,
    pool: bool,
) -> None:
    """Transform products to outputs, finish them while they are in cache, and lay them into y.

    Parameters
    ----------
    points : array (P, P, F * T)
    matrix : array (M, P)
    tiling : Tiling
    rows : slice
        Of tiles.
    y : array (F, OH, OW)
        The whole map; with `pool` half as high and wide.
    bias : array (F,) or None
    relu, pool : bool
    """
    xp = array_module(points)
    m, length = len(matrix), points.shape[2]
    tiles = along_both_axes(matrix, points, scratch(xp, "tiles", (m, m, length), points.dtype))
    if pool:
        tiles = _max_pool(tiles, tiling, rows)  # (M / 2, M / 2, F * T)
    if bias is not None:
        by_filter = tiles.reshape(*tiles.shape[:2], len(y), -1)
        by_filter += bias[:, None]
    if relu:
        # An array of zeros: with a number, NumPy's maximum takes three times as long.
        xp.maximum(tiles, xp.zeros(length, tiles.dtype), out=tiles)
    _lay(tiles, tiling, rows, y)


def _max_pool(tiles: Array, tiling: Tiling, rows: slice) -> Array:
    """Take the maximum of each 2 x 2 outputs: (M, M, F * T) -> (M / 2, M / 2, F * T)."""
    xp = array_module(tiles)
    m, _, length = tiles.shape
    placed = tiles.reshape(m, m, -1, rows.stop - rows.start, tiling.columns)
    # Where the map ends in the middle of a window, what lies beyond must not win.
    if tiling.height % 2 and rows.stop == tiling.rows:
        placed[:, tiling.height % m, :, -1] = -xp.inf
    if tiling.width % 2:
        placed[tiling.width % m, ..., -1] = -xp.inf
    narrow = scratch(xp, "half pooled", (m // 2, m, length), tiles.dtype)
    xp.maximum(tiles[0::2], tiles[1::2], out=narrow)
    pooled = scratch(xp, "pooled", (m // 2, m // 2, length), tiles.dtype)
    return xp.maximum(narrow[:, 0::2], narrow[:, 1::2], out=pooled)


def _lay(tiles: Array, tiling: Tiling, rows: slice, y: Array) -> None:
    """Lay tiles (M, M, F * T) side by side into their rows of y (F, OH, OW)."""
    m = len(tiles)
    placed = tiles.reshape(m, m, len(y), rows.stop - rows.start, tiling.columns)
    strip = y[:, m * rows.start : m * rows.stop]
    for i in range(m):
        for j in range(m):
            part = strip[:, i::m, j::m]  # leaves out what the last tiles have too much
            part[...] = placed[j, i, :, : part.shape[1], : part.shape[2]]
