"""The transforms of Winograd convolution: from tiles to points and back.

Where they come from. The product of two polynomials with r and m coefficients has n = r + m - 1
of them, so it is known from its values at n points: evaluate both factors there, multiply the n
pairs of values, interpolate (Toom 1963, Cook 1966). "Evaluate" is a matrix with the rows
(1, p, p^2, ...), one for each point p, and "interpolate" is the inverse of the square one. Seen
from one factor a product of polynomials is linear, and its transpose is a correlation: that is
how convolution gets its n products in place of r * m,

    y = A' [(G g) * (B' d)]          d: n inputs, g: r weights, y: m outputs, *: value by value
    Y = A' [(G g G') * (B' d B)] A   the same along both axes of a tile

G evaluates the weights, A' is evaluation transposed, B' interpolation transposed. Row p of
the interpolation is the polynomial that vanishes at all other points, divided by its value at p;
the division is done in G. One point lies at infinity, where a polynomial's value is its leading
coefficient: that makes the numbers smaller.

Why these points. Here n = 8 whatever the kernel: tiles of 8 x 8 inputs give 6 x 6 outputs for a
3 x 3 kernel with 64 products instead of 324, 4 x 4 for 5 x 5 with 64 instead of 400, 2 x 2 for
7 x 7 with 64 instead of 196. Powers of large and of close points lose digits; among symmetric
sets 0, +-1/2, +-1, +-2 and infinity are about the best. In float32 a result is then within 1e-5
of the largest one, root mean square 2e-6 (direct convolution: 3e-7).

How they are computed. As products of a small matrix with a wide one, first along the columns of
all tiles, then along their rows. A transformed array has the shape (8, 8, N): column point, row
point, and everything else (channels, filters, tiles) side by side in N.

Source: Lavin & Gray 2016, arXiv 1509.09308 (tiles of 4 and 6); Winograd 1980.
"""

from __future__ import annotations

from functools import cache
from math import prod
from types import ModuleType
from typing import Any, NamedTuple

from minifcn.backend import Array, array_module
from minifcn.functional.scratch import scratch

SIX = (0.0, 2 / 3, -2 / 3, 3 / 2, -3 / 2)  # and infinity
EIGHT = (0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0)  # and infinity
POINTS = {3: SIX, 5: EIGHT, 7: EIGHT}
Rows = list[list[float]]


class Transforms(NamedTuple):
    """The matrices of one kernel size; R = kernel size, M = TILE + 1 - R."""

    data: Array  # (N, N)  B': inputs of a tile -> points
    weight: Array  # (N, R)   G: weights -> points
    output: Array  # (M, N)   A': points -> outputs of a tile


@cache
def transforms(xp: ModuleType, kernel_size: int, dtype: Any) -> Transforms:
    """Return the matrices for kernels of `kernel_size` x `kernel_size`, on the device of `xp`."""
    points = POINTS[kernel_size]
    outputs = len(points) + 2 - kernel_size
    data, weight, output = [], [], []
    for point in points:
        others = [other for other in points if other != point]
        scale = prod(point - other for other in others)
        data.append([*_coefficients(others), 0.0])
        weight.append([power / scale for power in _powers(point, kernel_size)])
        output.append(_powers(point, outputs))
    data.append(_coefficients(points))
    weight.append([0.0] * (kernel_size - 1) + [1.0])
    output.append([0.0] * (outputs - 1) + [1.0])
    return Transforms(*(xp.array(rows, dtype) for rows in (data, weight, _transposed(output))))


def _powers(point: float, count: int) -> list[float]:
    return [point**exponent for exponent in range(count)]


def _coefficients(roots: list[float] | tuple[float, ...]) -> list[float]:
    """Return the coefficients of the product of all (x - root), the constant first."""
    result = [1.0]
    for root in roots:
        result = [
            below - root * here for below, here in zip([0.0, *result], [*result, 0.0], strict=True)
        ]
    return result


def _transposed(rows: Rows) -> Rows:
    return [list(column) for column in zip(*rows, strict=True)]


def along_both_axes(matrix: Array, tiles: Array, out: Array) -> Array:
    """Write out[j,i,:] = sum_{a,b} matrix[i,a] matrix[j,b] tiles[b,a,:], that is M tile M'.

    Parameters
    ----------
    matrix : array (J, K)
    tiles : array (K, K, N)
    out : array (J, J, N)
        Returned as well.
    """
    xp = array_module(tiles)
    (j, k), n = matrix.shape, tiles.shape[2]
    half = scratch(xp, "along one axis", (k, j, n), tiles.dtype)
    xp.matmul(matrix, tiles, out=half)
    xp.matmul(matrix, half.transpose(1, 0, 2), out=out.transpose(1, 0, 2))
    return out


def image_to_points(
    image: Array,
    matrix: Array,
    step: int,
    pad: tuple[int, int],
    *,
    rows: slice,
    columns: int,
    out: Array,
) -> None:
    """Cut some rows of tiles out of an image and transform each: out[:,:,c,t] = M tile M'.

    tile[a,b] = padded[c, step*r + a, step*s + b]  at place t = (r - rows.start) * columns + s

    Parameters
    ----------
    image : array (C, H, W)
    matrix : array (TILE, K)
        K is the side of a tile; tiles overlap where it is larger than `step`.
    step : int
        From one tile to the next, in pixels.
    pad : (int, int)
        Zeros around the image, in pixels. Tiles may reach beyond them: zeros go on for ever.
    rows : slice
        Of tiles.
    columns : int
        Tiles in a row.
    out : array (TILE, TILE, C * T)
        Written; T = rows * columns.
    """
    xp = array_module(image)
    (c, h, w), (n, k), (ph, pw) = image.shape, matrix.shape, pad
    count = rows.stop - rows.start

    # Down the columns: the product of the matrix with K rows of the image as they lie there.
    lines = scratch(xp, "lines", (n, c, count, step * (columns - 1) + k), image.dtype)
    lines[..., :pw] = 0
    lines[..., pw + w :] = 0
    for row in range(count):
        first = step * (rows.start + row) - ph
        top, bottom = max(0, -first), min(k, h - first)  # rows of the tile inside the image
        target = lines[:, :, row, pw : pw + w].transpose(1, 0, 2)  # (C, TILE, W)
        if top < bottom:
            xp.matmul(matrix[:, top:bottom], image[:, first + top : first + bottom], out=target)
        else:
            target[...] = 0

    # Along the rows: gather the K columns of all tiles, then the same product.
    sn, sc, sr, sx = lines.strides
    windows = xp.lib.stride_tricks.as_strided(
        lines, (k, n, c, count, columns), (sx, sn, sc, sr, step * sx)
    )
    taps = scratch(xp, "taps", windows.shape, image.dtype)
    taps[...] = windows
    xp.matmul(matrix, taps.reshape(k, n, -1).transpose(1, 0, 2), out=out.transpose(1, 0, 2))


def weights_to_points(weight: Array, matrix: Array, out: Array) -> Array:
    """Transform kernels (F, C, R, R): out[:,:,f*C+c] = G g G'; return out."""
    f, c, r, _ = weight.shape
    taps = scratch(array_module(weight), "weights", (r, r, f, c), weight.dtype)
    taps[...] = weight.transpose(3, 2, 0, 1)
    return along_both_axes(matrix, taps.reshape(r, r, f * c), out)


def points_to_weights(points: Array, matrix: Array, out: Array) -> None:
    """Run `weights_to_points` backwards: from (N, N, F*C) to out = G' points G, (F, C, R, R)."""
    f, c, r, _ = out.shape
    taps = scratch(array_module(points), "weights", (r, r, f * c), points.dtype)
    along_both_axes(matrix.T, points, taps)
    for b in range(r):  # one copy a place; in a single one the inner loop would have R turns
        for a in range(r):
            out[:, :, a, b] = taps[b, a].reshape(f, c)
