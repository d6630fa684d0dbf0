"""Max pooling on planes in which each place of the window is one contiguous piece of memory.

A window's place (a, b) sees every SH-th row from row a on and every SW-th column from column b on.
Taken from the image, that is as many short rows as there are, and NumPy spends its time between
them, not in them: rows of 60 numbers take three to eight times as long as one long row. So the
image is first dealt out to SH x SW planes, one for each remainder of rows and columns:

    plane[r, c][i, j] = x[i*SH + r - PH, j*SW + c - PW]

In the plane of (a % SH, b % SW) the windows' pixels of that place lie a // SH rows and b // SW
columns further on than the outputs they belong to. (A dilated window's place is a*DH, b*DW.) In
memory that is one offset, the same for all
outputs, images and channels: what runs over the end of a row lands in columns that no output has.

The largest of a window is the largest of its rows' largest, KW - 1 and KH - 1 comparisons in place
of KH * KW - 1, and what a row has found serves all windows that lie over it. Backwards there is one
addition for each output, at the pixel that its number tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from minifcn.backend import Array, array_module
from minifcn.functional.arguments import Pair
from minifcn.functional.fast.scratch import scratch
from minifcn.functional.window import PoolWindow

PART = 1 << 17  # outputs whose gradients are given back at a time


def find_maxima(x: Array, y: Array, argmax: Array | None, window: PoolWindow) -> None:
    """Write the largest value of each window to y, and its place to `argmax`, if there is one.

    Parameters
    ----------
    x : array (N, C, H, W)
    y : array (N, C, OH, OW)
    argmax : unsigned array (N, C, OH, OW), or None
        The first in reading order wins a tie.
    window : PoolWindow
        With at most as much padding as leaves each window a pixel.
    """
    if not y.size:
        return
    xp, (oh, ow), (kh, kw) = array_module(x), y.shape[2:], window.kernel_size
    down, across = (_places(window, axis) for axis in (0, 1))
    plane = oh + down[-1].steps, ow + across[-1].steps
    shape, dtype = (*x.shape[:2], *plane), None if argmax is None else argmax.dtype
    planes = _deal(x, window, shape)

    rows = {}  # for each remainder, the largest value in the rows of all windows, and its number b
    for r in {place.remainder for place in down}:
        places = ((planes[r, c][steps:], b) for b, (steps, c) in enumerate(across))
        rows[r] = _keep_largest(f"pool row {r}", places, shape, dtype)

    def numbered(a: int) -> tuple[Array, Any]:
        (values, numbers), first = rows[down[a].remainder], down[a].steps * plane[1]
        if numbers is None:
            return values[first:], None
        out = scratch(xp, "pool numbers", (numbers.size - first,), dtype)
        return values[first:], xp.add(numbers[first:], out.dtype.type(a * kw), out=out)

    found = _keep_largest("pool maxima", map(numbered, range(kh)), shape, dtype)
    for flat, out in zip(found, (y, argmax), strict=True):
        if out is not None:
            out[...] = flat.reshape(shape)[:, :, :oh, :ow]


class _Place(NamedTuple):
    """Where, along an axis, a place of the window is: in which plane, how far on in it."""

    steps: int
    remainder: int


def _places(window: PoolWindow, axis: int) -> list[_Place]:
    kernel, stride, dilation = (
        field[axis] for field in (window.kernel_size, window.stride, window.dilation)
    )
    return [_Place(*divmod(place * dilation, stride)) for place in range(kernel)]


def _keep_largest(
    name: str, candidates: Iterator[tuple[Array, Any]], shape: tuple[int, ...], dtype: Any
) -> tuple[Array, Array | None]:
    """Return the largest of several flat arrays, entry by entry, and the number of the winner.

    Parameters
    ----------
    name : str
        Of the scratch memory.
    candidates : iterator of (array, number or array of numbers)
        Each array begins farther on in its plane and is as much shorter; what it lacks at its end
        no output sees. Of equal values the first wins; later ones have the larger numbers.
    shape : (N, C, *plane)
    dtype : dtype or None
        Of the numbers; None if nobody asks for them.
    """
    largest, number = next(candidates)
    xp = array_module(largest)
    best = scratch(xp, name, shape, largest.dtype).ravel()
    winners = None if dtype is None else scratch(xp, f"{name} numbers", shape, dtype).ravel()
    if winners is not None:
        winners[: largest.size] = number
        larger = scratch(xp, "pool larger", best.shape, bool)
        won = scratch(xp, "pool won", best.shape, dtype)
    for candidate, number in candidates:
        size = candidate.size
        if winners is not None:
            number = xp.asarray(number, dtype)
            xp.greater(candidate, largest[:size], out=larger[:size])
            xp.multiply(larger[:size], number, out=won[:size])
            xp.maximum(winners[:size], won[:size], out=winners[:size])
        xp.maximum(largest[:size], candidate, out=best[:size])
        largest = best
    if largest is not best:
        best[: largest.size] = largest
    return best, winners


def _deal(x: Array, window: PoolWindow, shape: tuple[int, ...]) -> dict[Pair, Array]:
    """Return the flat planes of x (N, C, H, W), each of this shape; -inf where it has no pixels."""
    xp, planes = array_module(x), {}
    sizes = list(zip(window.stride, window.pad, x.shape[2:], shape[2:], strict=True))
    rows, columns = (
        {r: _dealt(r, *sizes[axis]) for _, r in _places(window, axis)} for axis in (0, 1)
    )
    for r, (row_pixels, row_places) in rows.items():
        for c, (column_pixels, column_places) in columns.items():
            plane = scratch(xp, f"pool plane {r, c}", shape, x.dtype)
            part = plane[:, :, row_places, column_places]
            if part.size < plane.size:
                plane.fill(-xp.inf)
            part[...] = x[:, :, row_pixels, column_pixels]
            planes[r, c] = plane.ravel()
    return planes


def _dealt(remainder: int, stride: int, pad: int, pixels: int, places: int) -> tuple[slice, slice]:
    """Return, along one axis, the pixels of a plane and where in it they lie."""
    first = max(0, -(-(pad - remainder) // stride))  # place of the plane that has a pixel
    start = first * stride + remainder - pad
    count = min(places - first, -(-(pixels - start) // stride))
    if count < 1:
        return slice(0, 0), slice(0, 0)
    return slice(start, start + count * stride, stride), slice(first, first + count)


def to_winners(dy: Array, argmax: Array, dx: Array, window: PoolWindow) -> None:
    """Write to dx the sum of the gradients of the windows that each pixel has won.

    Parameters
    ----------
    dy : array (N, C, OH, OW)
    argmax : unsigned array (N, C, OH, OW)
    dx : array (N, C, H + PH ..., W + PW ...), contiguous
        With the padding.
    window : PoolWindow
    """
    xp, (h, w), (oh, ow) = array_module(dy), dx.shape[2:], dy.shape[2:]
    (kh, kw), (sh, sw), (dh, dw) = *window[:2], window.dilation
    # Pixel of a map: that of the window's first place, plus that of the place in the window.
    corner = (xp.arange(oh) * (sh * w))[:, None] + xp.arange(ow) * sw
    place = ((xp.arange(kh) * (dh * w))[:, None] + xp.arange(kw) * dw).ravel()
    maps = dx.reshape(-1, h * w)
    dy, argmax = (array.reshape(len(maps), oh * ow) for array in (dy, argmax))
    step = max(1, PART // max(1, oh * ow))
    for start in range(0, len(maps), step):
        part = maps[start : start + step]
        part.fill(0)
        pixel = scratch(xp, "pool pixels", (len(part), oh * ow), xp.intp)
        xp.take(place, argmax[start : start + step], out=pixel, mode="clip")
        pixel += corner.ravel()
        pixel += (xp.arange(len(part)) * (h * w))[:, None]
        xp.add.at(part.ravel(), pixel.ravel(), dy[start : start + step].ravel())
