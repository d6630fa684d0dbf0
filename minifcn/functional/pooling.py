"""Max and average pooling, with Caffe's rounding (ceil) and the other frameworks' (floor).

Rounding decides about the last, incomplete window: with `ceil` it is kept, so that no pixel is
lost, and sees only the pixels that exist. The reference nets were trained with it, and the
crop offsets and output sizes of the paper's nets depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from minifcn.backend import Array, array_module, parallel_map
from minifcn.functional.arguments import Pair, image_shape, require_floats
from minifcn.functional.cuda.bind import kernel
from minifcn.functional.cuda.pooling import launch_max_pool, launch_max_pool_backward
from minifcn.functional.fast.pool_planes import find_maxima, to_winners
from minifcn.functional.fast.recycle import recycled, recycled_zeros
from minifcn.functional.window import PoolWindow

PART_BYTES = 1 << 19  # of the input that is pooled at a time; on planes there is as much again


class MaxPoolCache(NamedTuple):
    """What the backward pass needs; `argmax` is the window's place a*KW + b that won."""

    argmax: Array  # (N, C, OH, OW), uint8, or uint16 or uint32 for a window of more places
    x_shape: tuple[int, ...]
    window: PoolWindow  # the part of it that sees pixels


def max_pool_forward(
    x: Array, window: PoolWindow, *, train: bool = True
) -> tuple[Array, MaxPoolCache | None]:
    """Take the largest value in each window; the first in reading order wins a tie, as in Caffe.

    Parameters
    ----------
    x : array (N, C, H, W), float32 or float64
    window : PoolWindow
    train : bool
        Without it no argmax is kept and the cache is None.

    Returns
    -------
    y : array (N, C, OH, OW), dtype of x
    cache : MaxPoolCache or None

    Raises
    ------
    ValueError
        If x is of another type, no window fits into the padded image, or a size means nothing.
    """
    xp = array_module(x)
    size, window = _start(x, window)
    y = recycled(xp, (*x.shape[:2], *size), x.dtype)
    places = prod(window.kernel_size)
    dtype = xp.uint8 if places <= 1 << 8 else xp.uint16 if places <= 1 << 16 else xp.uint32
    argmax = recycled(xp, y.shape, dtype) if train else None
    _find_maxima(x, y, argmax, window)
    return y, None if argmax is None else MaxPoolCache(argmax, x.shape, window)


@kernel(launch_max_pool)
def _find_maxima(x: Array, y: Array, argmax: Array | None, window: PoolWindow) -> None:
    """Write the largest value of each window to y, and its place to `argmax`, if there is one."""

    def compute(part: slice) -> None:
        numbers = None if argmax is None else argmax[:, part]
        find_maxima(x[:, part], y[:, part], numbers, window)

    parallel_map(array_module(x), compute, _channel_parts(x))


def _start(x: Array, window: PoolWindow) -> tuple[Pair, PoolWindow]:
    """Check the arguments of a pooling; return its output size and what its window sees."""
    require_floats("pooling", x)
    image = image_shape("pooling", x.shape)[2:]
    window = PoolWindow.of(*window)
    return window.output_size(image), window.within(image)


def max_pool_backward(dy: Array, cache: MaxPoolCache) -> Array:
    """Send each output's gradient to the pixel that won its window (see `naive/pooling.py`)."""
    return _to_winners(dy, *cache)


@kernel(launch_max_pool_backward)
def _to_winners(dy: Array, argmax: Array, x_shape: tuple[int, ...], window: PoolWindow) -> Array:
    # A window of NaN alone tells its first place, which may lie in the padding.
    image = (x_shape[2], x_shape[3])
    size = _canvas(image, window, dy.shape[2:]) if any(window.pad) else image
    dpadded = recycled(array_module(dy), (*x_shape[:2], *size), dy.dtype)
    to_winners(dy, argmax, dpadded, window)
    return _unpadded(dpadded, x_shape, window)


def _channel_parts(x: Array) -> list[slice]:
    """Cut the channels into parts that threads can take, small enough for their caches."""
    channels = x.shape[1]
    size = max(1, PART_BYTES * channels // max(1, x.nbytes))
    return [slice(start, start + size) for start in range(0, channels, size)]


class AvgPoolCache(NamedTuple):
    """What the backward pass needs."""

    x_shape: tuple[int, ...]
    window: PoolWindow


def avg_pool_forward(x: Array, window: PoolWindow) -> tuple[Array, AvgPoolCache]:
    """Average each window; padding counts as zeros, what lies beyond the padding does not count.

    Parameters
    ----------
    x : array (N, C, H, W), float32 or float64
    window : PoolWindow

    Returns
    -------
    y : array (N, C, OH, OW), dtype of x
    cache : AvgPoolCache

    Raises
    ------
    ValueError
        As `max_pool_forward`.
    """
    size, visible = _start(x, window)
    padded = _padded(x, visible, size, 0)
    total = sum(padded[place] for place in _places(visible, size))
    return total / _area(x, window, x.shape[2:], size), AvgPoolCache(x.shape, window)


def avg_pool_backward(dy: Array, cache: AvgPoolCache) -> Array:
    """Spread each output's gradient evenly over its window."""
    x_shape, window = cache
    image, size = (x_shape[2], x_shape[3]), dy.shape[2:]
    visible = window.within(image)
    share = dy / _area(dy, window, image, size)
    dpadded = _padded_zeros(dy, x_shape, visible)
    for place in _places(visible, size):
        dpadded[place] += share
    return _unpadded(dpadded, x_shape, visible)


def _places(window: PoolWindow, size: Pair) -> Iterator[tuple]:
    """Yield, for each place in the window in reading order, the pixels that all windows see there.

    The index applies to the padded image; its result has the output's shape.
    """
    (kh, kw), (sh, sw), (dh, dw), (oh, ow) = *window[:2], window.dilation, size
    for a in range(0, kh * dh, dh):
        for b in range(0, kw * dw, dw):
            rows = slice(a, a + (oh - 1) * sh + 1, sh)
            columns = slice(b, b + (ow - 1) * sw + 1, sw)
            yield (..., rows, columns)


def _canvas(image: Pair, window: PoolWindow, size: Pair) -> Pair:
    """Return the size of the padded image, large enough for the last window."""
    height, width = (
        max(pad + pixels, (count - 1) * stride + extent)
        for pixels, count, extent, stride, pad in zip(
            image, size, window.extent(), window.stride, window.pad, strict=True
        )
    )
    return height, width


def _padded(x: Array, window: PoolWindow, size: Pair, value: float) -> Array:
    """Return x with padding, and with what the last window misses, filled with `value`."""
    h, w = x.shape[2:]
    canvas = _canvas((h, w), window, size)
    if canvas == (h, w):
        return x
    ph, pw = window.pad
    padded = array_module(x).full((*x.shape[:2], *canvas), value, x.dtype)
    padded[:, :, ph : ph + h, pw : pw + w] = x
    return padded


def _padded_zeros(dy: Array, x_shape: tuple[int, ...], window: PoolWindow) -> Array:
    canvas = _canvas((x_shape[2], x_shape[3]), window, dy.shape[2:])
    return recycled_zeros(array_module(dy), (*x_shape[:2], *canvas), dy.dtype)


def _unpadded(dpadded: Array, x_shape: tuple[int, ...], window: PoolWindow) -> Array:
    (ph, pw), (h, w) = window.pad, x_shape[2:]
    return dpadded[:, :, ph : ph + h, pw : pw + w]


def _area(like: Array, window: PoolWindow, image: Pair, size: Pair) -> Array:
    """Return how many pixels, padding included, each window averages: (OH, OW)."""
    xp = array_module(like)
    kernel_size, stride, pad, _, dilation, _ = window

    def places(axis: int) -> Array:  # how many of each window lie before the end of the padding
        left = image[axis] + 2 * pad[axis] - xp.arange(size[axis]) * stride[axis]
        return xp.minimum(kernel_size[axis], -(-left // dilation[axis]))

    return xp.outer(places(0), places(1)).astype(like.dtype)
