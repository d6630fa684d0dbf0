"""Local response normalisation across channels (Krizhevsky et al. 2012, section 3.3)."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from types import ModuleType
from typing import NamedTuple

from minifcn.backend import Array, array_module, parallel_map
from minifcn.functional.arguments import require_channels, require_floats, whole_number
from minifcn.functional.cuda.bind import kernel
from minifcn.functional.cuda.lrn import launch_lrn, launch_lrn_backward
from minifcn.functional.fast.recycle import recycled
from minifcn.functional.fast.scratch import scratch

STRIP_BYTES = 1 << 19  # of all channels of a strip of pixels


class LRNCache(NamedTuple):
    """What the backward pass needs."""

    x: Array  # (N, C, H, W)
    scale: Array  # (N, C, H, W)
    local_size: int
    alpha: float
    beta: float


def lrn_forward(
    x: Array, *, local_size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> tuple[Array, LRNCache]:
    """Divide each value by a power of the energy of its neighbouring channels.

    scale[c] = k + alpha / local_size * sum over the local_size channels centred on c of x**2
    y        = x * scale ** -beta

    As in Caffe, alpha is divided by `local_size`, and channels outside count as zero.

    Parameters
    ----------
    x : array (N, C, H, W), float32 or float64
    local_size : int, odd
    alpha, beta, k : float
        With k > 0 and alpha >= 0, so that scale > 0.

    Raises
    ------
    ValueError
        If x is of another type, or a number is not as it must be.
    """
    require_floats("LRN", x)
    require_channels("LRN", x.shape)
    check_lrn(local_size, alpha, k)
    y, scale = _normalise(x, local_size, alpha, beta, k)
    return y, LRNCache(x, scale, local_size, alpha, beta)


@kernel(launch_lrn)
def _normalise(
    x: Array, local_size: int, alpha: float, beta: float, k: float
) -> tuple[Array, Array]:
    xp = array_module(x)
    y, scale = recycled(xp, x.shape, x.dtype), recycled(xp, x.shape, x.dtype)

    def compute(x: Array, y: Array, scale: Array) -> None:
        squares, own = _padded(x, local_size)
        xp.multiply(x, x, out=own)
        total = scratch(xp, "lrn sum", x.shape, x.dtype)
        _sum_channels(squares, out=total)
        total *= alpha / local_size
        total += k
        scale[...] = total
        _divide_by_power(x, total, beta, out=y)

    _in_strips(xp, compute, x, y, scale)
    return y, scale


def check_lrn(local_size: int, alpha: float, k: float) -> None:
    """Raise ValueError if the neighbourhood has no centre, or the scale may be 0 or less."""
    if whole_number("LRN: local_size", local_size, 1) % 2 == 0:
        raise ValueError(f"LRN: local_size must be odd to have a centre, not {local_size}")
    if not (alpha >= 0 and k > 0):
        raise ValueError(f"LRN: alpha must be at least 0 and k above 0, not {alpha} and {k}")


def lrn_backward(dy: Array, cache: LRNCache) -> Array:
    """Return the gradient of the input.

    x[c] reaches its own output, and through `scale` the outputs of all its neighbours:
    dx[c] = dy[c] scale[c]**-beta - 2 alpha beta / local_size x[c] sum_{c' near c} dy y / scale [c']
    """
    return _normalise_backward(dy, *cache)


@kernel(launch_lrn_backward)
def _normalise_backward(
    dy: Array, x: Array, scale: Array, local_size: int, alpha: float, beta: float
) -> Array:
    xp = array_module(x)
    dx = recycled(xp, x.shape, x.dtype)

    def compute(dy: Array, x: Array, scale: Array, dx: Array) -> None:
        ratios, ratio = _padded(x, local_size)
        total = scratch(xp, "lrn sum", x.shape, x.dtype)
        _divide_by_power(dy, scale, beta, out=dx)
        xp.multiply(dx, x, out=ratio)
        ratio /= scale  # dy * y / scale
        _sum_channels(ratios, out=total)
        total *= x
        total *= 2 * alpha * beta / local_size
        dx -= total

    _in_strips(xp, compute, dy, x, scale, dx)
    return dx


def _in_strips(xp: ModuleType, compute: Callable[..., None], *arrays: Array) -> None:
    """Call `compute` with strips (C, pixels) of all arrays, each small enough for a core's cache.

    The arrays are of shape (N, C, ...), and those that are written to contiguous.
    """
    count, channels = arrays[0].shape[:2]
    pixels = prod(arrays[0].shape[2:])
    flat = [array.reshape(count, channels, pixels) for array in arrays]
    size = max(1, STRIP_BYTES // max(1, channels * arrays[0].itemsize))
    parts = [
        (n, slice(None), slice(first, first + size))
        for n in range(count)
        for first in range(0, pixels, size)
    ]
    parallel_map(xp, lambda part: compute(*(array[part] for array in flat)), parts)


def _padded(like: Array, local_size: int) -> tuple[Array, Array]:
    """Return scratch memory for channels (C, pixels) with neighbours of zeros, and without them."""
    channels, pixels = like.shape
    half = min(local_size // 2, channels - 1)  # farther neighbours do not exist
    whole = scratch(array_module(like), "lrn channels", (channels + 2 * half, pixels), like.dtype)
    whole[:half] = 0
    whole[channels + half :] = 0
    return whole, whole[half : channels + half]


def _sum_channels(padded: Array, out: Array) -> None:
    """Write the sum over the neighbourhood of each channel, of `_padded`, to out (C, pixels)."""
    channels = len(out)
    first, *others = (padded[i : i + channels] for i in range(len(padded) - channels + 1))
    array_module(out).add(first, others.pop(0) if others else 0, out=out)
    for other in others:
        out += other


def _divide_by_power(x: Array, scale: Array, beta: float, out: Array) -> None:
    """Write x * scale ** -beta. The usual power is two square roots, which are sooner found."""
    xp = array_module(x)
    power = scratch(xp, "lrn power", x.shape, x.dtype)
    if beta == 0.75:
        root = scratch(xp, "lrn root", x.shape, x.dtype)
        xp.sqrt(scale, out=root)
        xp.sqrt(root, out=power)
        power *= root
        xp.divide(x, power, out=out)
    else:
        xp.power(scale, -beta, out=power)
        xp.multiply(x, power, out=out)
