"""Winograd convolution: 3 x 3 kernels with a quarter of the multiplications, 5 x 5 too.

A tile of 4 x 4 outputs of a 3 x 3 convolution depends on a tile of 6 x 6 inputs. Directly it takes
16 * 9 = 144 products for each pair of channels. 36 are enough if tile and kernel are transformed
first, each on its own, by the matrices of `toom_cook.py`, which also says why and at what loss
of accuracy: about a digit. Then

    points   = transformed tiles              (36, C, T)     for each channel and tile
    kernels  = transformed weights            (36, F, C)
    products = kernels[p] @ points[p]         (36, F, T)     sums over channels, as always
    y        = transformed back               (F, T) tiles of 4 x 4

and the work is a batch of 36 matrix products. The transforms cost by channel and pixel, the
products by pair of channels: it pays from about 16 channels on. The same with tiles of 8 x 8
inputs computes 4 x 4 outputs of a 5 x 5 kernel by 64 products, not 400. For fc6's 7 x 7 kernels it
would be 64 in place of 196, but its 103 million weights have to be transformed, which takes longer.

The gradients are the transposed formulas. That of the input is the convolution with the kernels
turned round. That of the weights transforms tiles of x and of dy, sums their products over all
tiles, and transforms back once.

Speed. The outputs are cut into *strips*, some rows of tiles, small enough that points and products
stay in cache; bias, ReLU and 2 x 2 max pool are done there as well. The many strips of a large map
go to the threads; of the few of a small one they share out the channels and the filters.

Accuracy. The error is relative to the largest values of a tile, so outputs that see nothing but
zeros are found beforehand (`zeros.py`) and set to their bias: a ReLU must not decide by rounding.
Elsewhere it may at a near-tie, as it may behind any convolution in single precision. One such
decision in conv4 of VGG16 changes the gradients below by 1e-4 to 4e-3 (`benchmarks/README.md`).

Memory. Points and products lie in scratch memory, in a thread at most STRIP_BYTES or what one row
of tiles takes; transformed weights take four to seven times the room of the weights, and are kept
during a call up to BANK_BYTES, or for the sums of their gradient.

Source: Lavin & Gray 2016, arXiv 1509.09308.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from minifcn.backend import Array, array_module, cut, get_threads, parallel_map
from minifcn.functional.fast.recycle import recycled
from minifcn.functional.fast.scratch import scratch
from minifcn.functional.fast.toom_cook import EIGHT, SIX, Matrices, toom_cook
from minifcn.functional.fast.turned import turned
from minifcn.functional.fast.winograd_strips import (
    add_products,
    multiply,
    parts_of,
    points_of,
    strips_of,
)
from minifcn.functional.fast.winograd_transforms import (
    Pair,
    Tiling,
    points_to_image,
    points_to_weights,
    tiling_of,
    weights_to_points,
)
from minifcn.functional.fast.zeros import Sight, look, seen_part
from minifcn.functional.pooling import max_pool_forward
from minifcn.functional.window import HALVING, Window

# Which points, by kernel size. EIGHT would make 3 x 3 a tenth faster, at five times the error.
FORWARD_POINTS = {3: SIX, 5: EIGHT}
# The gradient of the weights does not add up that error over channels, and is a fifth faster.
GRADIENT_POINTS = EIGHT

# Sizes that were fastest on a CPU, and bounds of the memory.
STRIP_TILES = 96  # and with few channels, more:
STRIP_VALUES = 8_192  # tiles * channels
GRADIENT_STRIP_TILES = 1000  # sums over more tiles mean fewer additions of sums
BANK_BYTES = 64 << 20
SMALL_BANK_BYTES = 8 << 20  # that is worth its room when there is but one strip for a thread
KERNEL_POINTS_AT_A_TIME = 600_000  # filters * channels * points


class Region(NamedTuple):
    """A part of an image, and the outputs that are computed of it."""

    image: Array  # (C, H, W)
    pad: Pair  # rows of zeros above, and columns of zeros to the left
    y: Array  # (F, OH, OW), or pooled
    tiling: Tiling


def winograd_forward(
    x: Array,
    weight: Array,
    bias: Array | None,
    window: Window,
    groups: int = 1,
    *,
    relu: bool = False,
    pool: bool = False,
) -> Array:
    """Convolve with stride 1; then, if asked, take max(y, 0) and a 2 x 2 max pool of stride 2.

    Parameters
    ----------
    x : array (N, C, H, W), float32 or float64
    weight : array (F, C/groups, R, R), R = 3 or 5
    bias : array (F,) or None
    window : Window
        Of stride and dilation 1.
    groups : int
    relu, pool : bool
        The size of a pooled map is rounded up, as in Caffe.

    Returns
    -------
    array (N, F, OH, OW), dtype of x; OH = H + 2 PH - R + 1, with `pool` ceil(OH / 2)

    Raises
    ------
    ValueError
        If the kernels have another size.
    """
    xp, (n, c), (f, _, r, s) = array_module(x), x.shape[:2], weight.shape
    if r != s or r not in FORWARD_POINTS:
        raise ValueError(f"winograd: kernels must be 3 x 3 or 5 x 5 pixels, not {r} x {s}")
    size = window.output_size(x.shape[2:])
    y = recycled(xp, (n, f, *(-(-pixels // 2) if pool else pixels for pixels in size)), x.dtype)
    for channels, filters in zip(cut(c, groups), cut(f, groups), strict=True):
        own = None if bias is None else bias[filters]
        part = x[:, channels], weight[filters], own, window, y[:, filters]
        _convolve_exactly(*part, relu=relu, pool=pool)
    return y


def _convolve_exactly(
    x: Array, weight: Array, bias: Array | None, window: Window, y: Array, *, relu: bool, pool: bool
) -> None:
    """Write y, which is the bias to the last bit where it sees zeros only."""
    xp, sights = array_module(x), [look(image, weight.shape[2], window.pad) for image in x]
    if all(sight.blind is None for sight in sights):
        _convolve(x, weight, bias, sights, window.pad, y, relu=relu, pool=pool)
        return
    size = window.output_size(x.shape[2:])
    whole = recycled(xp, (*y.shape[:2], *size), y.dtype) if pool else y
    _convolve(x, weight, bias, sights, window.pad, whole, relu=relu)
    blank = xp.zeros(len(weight), x.dtype) if bias is None else bias
    blank = xp.maximum(blank, 0) if relu else blank
    for outputs, sight in zip(whole, sights, strict=True):
        if sight.blind is not None:
            xp.copyto(outputs, blank[:, None, None], where=sight.blind)
    if pool:
        y[...] = max_pool_forward(whole, HALVING, train=False)[0]


def _convolve(
    x: Array,
    weight: Array,
    bias: Array | None,
    sights: Sequence[Sight],
    pad: Pair,
    y: Array,
    *,
    relu: bool = False,
    pool: bool = False,
) -> None:
    """Write y, of which only the rows and columns in sight are computed: with `pool`, all."""
    xp = array_module(x)
    c, (f, _, r, _) = x.shape[1], weight.shape
    matrices = toom_cook(xp, FORWARD_POINTS[r], r, x.dtype)
    side = len(matrices.data)
    regions = [_region(*image, pad, r, matrices) for image in zip(x, y, sights, strict=True)]
    strip_tiles, bytes_a_tile = max(STRIP_TILES, STRIP_VALUES // c), side**2 * c * x.itemsize
    strips = [
        (region, rows)
        for region in regions
        for rows in strips_of(xp, region.tiling, strip_tiles, bytes_a_tile)
    ]
    parts = parts_of(xp, f, KERNEL_POINTS_AT_A_TIME // (side * side * c))

    # Many strips share a bank of transformed kernels; few transform them when their turn comes.
    bank_bytes, threads = side**2 * f * c * x.itemsize, get_threads()
    several = len(strips) >= max(2, threads) and bank_bytes <= SMALL_BANK_BYTES
    many = several or (len(strips) >= 2 * threads and bank_bytes <= BANK_BYTES)

    def evaluate(part: slice, *, keep: bool) -> Array:
        shape = (side, side, (part.stop - part.start) * c)
        out = xp.empty(shape, x.dtype) if keep else scratch(xp, "kernels", shape, x.dtype)
        return weights_to_points(weight[part], matrices.weight, out)

    bank = parallel_map(xp, lambda part: evaluate(part, keep=True), parts) if many else []

    def convolve(strip: tuple[Region, slice]) -> None:
        (image, before, outputs, tiling), rows = strip
        points = points_of("points", image, matrices.data, before, tiling, rows)  # (P * P, C, T)

        def filters(number: int) -> None:
            part = parts[number]
            kernels = bank[number] if many else evaluate(part, keep=False)  # (P, P, F' * C)
            points_to_image(
                multiply(kernels, points),  # (P, P, F' * T)
                matrices.output,
                tiling,
                rows,
                outputs[part],
                bias=None if bias is None else bias[part],
                relu=relu,
                pool=pool,
            )

        parallel_map(xp, filters, range(len(parts)))

    if many:
        parallel_map(xp, convolve, strips)
    else:
        for strip in strips:
            convolve(strip)


def winograd_backward_data(
    dy: Array, weight: Array, x_shape: tuple[int, ...], window: Window, groups: int = 1
) -> Array:
    """Return dx: the convolution of dy with the kernels turned round, in and out exchanged.

    Parameters
    ----------
    dy : array (N, F, OH, OW)
    weight : array (F, C/groups, R, R)
    x_shape : (N, C, H, W)
    window : Window
    groups : int
    """
    dx = recycled(array_module(dy), x_shape, dy.dtype)
    # A gradient decides nothing, so that rounding does no harm where it should be zero.
    everything = Sight(slice(0, x_shape[2]), slice(0, x_shape[3]), None)
    for channels, filters in zip(cut(x_shape[1], groups), cut(len(weight), groups), strict=True):
        part, back, moved = turned(dy[:, filters], weight[filters], x_shape, window)
        _convolve(part, back, None, [everything] * len(dy), moved.pad, dx[:, channels])
    return dx


def winograd_backward_weights(
    x: Array, dy: Array, weight_shape: tuple[int, ...], window: Window, groups: int = 1
) -> Array:
    """Return dweight (F, C/groups, R, R) = G' [sum over tiles of (A dy A') * (B' x B)] G.

    Parameters
    ----------
    x : array (N, C, H, W)
    dy : array (N, F, OH, OW)
    weight_shape : (F, C/groups, R, R)
    window : Window
    groups : int
    """
    dweight = recycled(array_module(x), weight_shape, x.dtype)
    for channels, filters in zip(cut(x.shape[1], groups), cut(dy.shape[1], groups), strict=True):
        _correlate(x[:, channels], dy[:, filters], window.pad, dweight[filters])
    return dweight


def _correlate(x: Array, dy: Array, pad: Pair, dweight: Array) -> None:
    """Write the gradient of the weights (F, C, R, R)."""
    xp = array_module(x)
    n, (f, c, r, _) = len(x), dweight.shape
    matrices = toom_cook(xp, GRADIENT_POINTS, r, x.dtype)
    tiling = tiling_of(dy.shape[2:], len(matrices.output))
    side = len(matrices.data)
    total = scratch(xp, "sums over tiles", (side * side, f, c), x.dtype)

    bytes_a_tile = side * side * (c + f) * x.dtype.itemsize
    strips = strips_of(xp, tiling, GRADIENT_STRIP_TILES, bytes_a_tile)
    work = [(image, rows) for image in range(n) for rows in strips]
    for number, (image, rows) in enumerate(work):
        of_x = points_of("points", x[image], matrices.data, pad, tiling, rows)
        of_dy = points_of("dy", dy[image], matrices.output.T, (0, 0), tiling, rows)
        add = partial(add_products, of_dy, of_x, total, number == 0)  # (P * P, F or C, T)
        parallel_map(xp, add, parts_of(xp, side * side, 4))

    def transform_back(part: slice) -> None:
        points = total[:, part].reshape(side, side, -1)
        points_to_weights(points, matrices.weight, dweight[part])

    parallel_map(xp, transform_back, parts_of(xp, f, KERNEL_POINTS_AT_A_TIME // (side * side * c)))


def _region(
    image: Array, y: Array, sight: Sight, pad: Pair, kernel_size: int, matrices: Matrices
) -> Region:
    part, before = seen_part(image, sight, kernel_size, pad)
    size = sight.rows.stop - sight.rows.start, sight.columns.stop - sight.columns.start
    return Region(
        part, before, y[:, sight.rows, sight.columns], tiling_of(size, len(matrices.output))
    )
