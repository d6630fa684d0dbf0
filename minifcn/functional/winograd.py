"""Winograd convolution: 3 x 3 kernels with a quarter of the multiplications.

A 4 x 4 tile of outputs of a 3 x 3 convolution depends on a 6 x 6 tile of inputs. Computed directly
it takes 16 * 9 = 144 products for each pair of channels; 36 are enough. The reason is that of fast
multiplication of polynomials: a correlation of 3 and 4 numbers is the transpose of the product
of two polynomials of degrees 2 and 3, that product has degree 5, and a polynomial of degree 5 is
known from its values at 6 points, here 0, 1, -1, 2, -2 and infinity. To evaluate both factors
at the points, multiply the 6 values one by one, and interpolate is to multiply by three matrices:

    y = A' [(G g) * (B' d)]          in one dimension: d 6 inputs, g 3 weights, y 4 outputs
    Y = A' [(G g G') * (B' d B)] A   in two: 6 x 6 = 36 products in place of 144

G evaluates the kernel, B' is the transpose of interpolation, A' the transpose of evaluation. They
hold small numbers only, and everything here is a matrix product: flattening a tile turns "B' d B"
into one 36 x 36 matrix (the Kronecker product of B' with itself) times all tiles at once, and the
products over channels at each of the 36 points are a batch of 36 products (F x C)(C x tiles).

The gradients follow by transposing. That of the input is the same convolution with the kernels
turned round. That of the weights runs the formula backwards: dg = G' [(A dY A') * (B' d B)] G,
where the 36 products sum over tiles.

Error. The points 2 and -2 bring factors up to 8, which cost about one digit: in float32 the
results agree with direct convolution to about 1e-5 of the largest value.

Source: Lavin & Gray 2016, arXiv 1509.09308; Winograd 1980.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from minifcn.backend import Array, array_module, get_threads, parallel_map

STRIP_BYTES = 6 << 20  # what a strip's transformed tiles may take, inputs and outputs together

# One dimension: inputs -> points, weights -> points, points -> outputs.
INPUT = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
WEIGHT = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)
OUTPUT = (
    (1, 1, 1, 1, 1, 0),
    (0, 1, -1, 2, -2, 0),
    (0, 1, 1, 4, 4, 0),
    (0, 1, -1, 8, -8, 1),
)
Matrix = tuple[tuple[float, ...], ...]


def winograd_forward(x: Array, weight: Array, bias: Array | None, *, pad: tuple[int, int]) -> Array:
    """Convolve with 3 x 3 kernels, stride 1.

    Parameters
    ----------
    x : array (N, C, H, W), float32 or float64
    weight : array (F, C, 3, 3)
    bias : array (F,) or None
    pad : (int, int)

    Returns
    -------
    array (N, F, H + 2 PH - 2, W + 2 PW - 2), dtype of x
    """
    xp = array_module(x)
    n, c, h, w = x.shape
    f = len(weight)
    oh, ow = h + 2 * pad[0] - 2, w + 2 * pad[1] - 2
    points = _transform(WEIGHT, weight.transpose(2, 3, 0, 1))  # (36, F, C)
    y = xp.empty((n, f, oh, ow), x.dtype)

    def compute(work: tuple[int, slice]) -> None:
        image, tiles = work
        seen = _input_points(x[image], pad, tiles)  # (36, C, T)
        products = xp.matmul(points, seen)  # (36, F, T)
        strip = _transform(OUTPUT, products.reshape(6, 6, f, -1)).reshape(
            4, 4, f, tiles.stop - tiles.start, -1
        )
        rows = strip.transpose(2, 3, 0, 4, 1).reshape(f, 4 * (tiles.stop - tiles.start), -1)
        top, bottom = 4 * tiles.start, min(4 * tiles.stop, oh)
        target = y[image, :, top:bottom]
        target[...] = rows[:, : bottom - top, :ow]
        if bias is not None:
            target += bias[:, None, None]

    parallel_map(xp, compute, _work(xp, n, c, f, oh, ow, x.dtype.itemsize))
    return y


def winograd_backward_data(
    dy: Array, weight: Array, *, pad: tuple[int, int], x_shape: tuple[int, ...]
) -> Array:
    """Return dx: the convolution of dy with the kernels turned round and in and out exchanged.

    dx[n,c,y,x] = sum_{f,a,b} weight[f,c,2-a,2-b] dy[n,f,y+a-(2-PH),x+b-(2-PW)]

    Parameters
    ----------
    dy : array (N, F, OH, OW)
    weight : array (F, C, 3, 3)
    pad : (int, int)
        Of the forward pass. What lies in a padding of more than 2 pixels reaches no input.
    x_shape : (N, C, H, W)
    """
    (ph, pw), (oh, ow) = pad, dy.shape[2:]
    cut_h, cut_w = max(0, ph - 2), max(0, pw - 2)
    dy = dy[:, :, cut_h : oh - cut_h, cut_w : ow - cut_w]
    turned = weight.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    return winograd_forward(dy, turned, None, pad=(max(0, 2 - ph), max(0, 2 - pw)))


def winograd_backward_weights(x: Array, dy: Array, *, pad: tuple[int, int]) -> Array:
    """Return dweight (F, C, 3, 3): the sum over tiles at each of the 36 points, transformed once.

    Parameters
    ----------
    x : array (N, C, H, W)
    dy : array (N, F, OH, OW)
    pad : (int, int)
    """
    xp = array_module(x)
    (n, c), (f, oh, ow) = x.shape[:2], dy.shape[1:]
    work = _work(xp, n, c, f, oh, ow, x.dtype.itemsize)

    # Each thread sums up its own share of the strips; the shares are then added in fixed order.
    def compute(share: list[tuple[int, slice]]) -> Array:
        total = xp.zeros((36, f, c), x.dtype)
        for image, tiles in share:
            seen = _input_points(x[image], pad, tiles)  # (36, C, T)
            came = _output_points(dy[image], tiles)  # (36, F, T)
            total += xp.matmul(came, seen.transpose(0, 2, 1))
        return total

    shares = min(len(work), get_threads()) if xp is np else 1
    first, *others = parallel_map(xp, compute, [work[i::shares] for i in range(shares)])
    for total in others:
        first += total
    return (
        _transform(_transposed(WEIGHT), first.reshape(6, 6, f, c))
        .reshape(3, 3, f, c)
        .transpose(2, 3, 0, 1)
    )


def _input_points(x: Array, pad: tuple[int, int], tiles: slice) -> Array:
    """Return the 6 x 6 input tiles of some rows of tiles, evaluated at the points: (36, C, T)."""
    xp = array_module(x)
    (c, h, w), (ph, pw) = x.shape, pad
    rows, columns = tiles.stop - tiles.start, -(-(w + 2 * pw - 2) // 4)
    first, last = 4 * tiles.start - ph, 4 * tiles.stop + 2 - ph
    top, bottom = max(first, 0), min(last, h)
    seen = xp.zeros((c, last - first, max(4 * columns + 2, w + 2 * pw)), x.dtype)
    if top < bottom:
        seen[:, top - first : bottom - first, pw : pw + w] = x[:, top:bottom]
    sc, sy, sx = seen.strides
    windows = xp.lib.stride_tricks.as_strided(
        seen, (6, 6, c, rows, columns), (sy, sx, sc, 4 * sy, 4 * sx)
    )
    return _transform(INPUT, windows.reshape(6, 6, c, -1))


def _output_points(dy: Array, tiles: slice) -> Array:
    """Return the 4 x 4 tiles of dy in some rows of tiles, evaluated at the points: (36, F, T)."""
    xp = array_module(dy)
    f, oh, ow = dy.shape
    rows, columns = tiles.stop - tiles.start, -(-ow // 4)
    came = xp.zeros((f, 4 * rows, 4 * columns), dy.dtype)
    top, bottom = 4 * tiles.start, min(4 * tiles.stop, oh)
    came[:, : bottom - top, :ow] = dy[:, top:bottom]
    windows = came.reshape(f, rows, 4, columns, 4).transpose(2, 4, 0, 1, 3)
    return _transform(_transposed(OUTPUT), windows.reshape(4, 4, f, -1))


def _transform(matrix: Matrix, tiles: Array) -> Array:
    """Return matrix @ tile @ matrix.T for all tiles (K, K, A, B): an array (J * J, A, B).

    kron(M, M) flat(t) = flat(M t M'), so one product transforms all tiles.
    """
    xp = array_module(tiles)
    m = xp.asarray(matrix, dtype=tiles.dtype)  # (J, K)
    flat = tiles.reshape(m.shape[1] ** 2, -1)
    return (xp.kron(m, m) @ flat).reshape(m.shape[0] ** 2, *tiles.shape[2:])


def _transposed(matrix: Matrix) -> Matrix:
    return tuple(zip(*matrix, strict=True))


def _work(
    xp: ModuleType, n: int, c: int, f: int, oh: int, ow: int, itemsize: int
) -> list[tuple[int, slice]]:
    """Return (image, rows of tiles) of all strips of an (N, C, .) -> (N, F, OH, OW) convolution."""
    tile_rows, columns = -(-oh // 4), -(-ow // 4)
    share = STRIP_BYTES if xp is np else STRIP_BYTES * 64
    size = max(1, share // (2 * 36 * (c + f) * columns * itemsize))
    return [
        (image, slice(start, min(tile_rows, start + size)))
        for image in range(n)
        for start in range(0, tile_rows, size)
    ]
