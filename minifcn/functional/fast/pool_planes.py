"""Max pooling on planes in which each place of the window is one contiguous piece of memory.

A window's place (a, b) sees every SH-th row from row a on and every SW-th column from column b on.
Taken from the image, that is as many short rows as there are, and NumPy spends its time between
them, not in them: rows of 60 numbers take three to eight times as long as one long row. So the
image is first dealt out to SH x SW planes, one for each remainder of rows and columns:

    plane[r, c][i, j] = x[i*SH + r - PH, j*SW + c - PW]

In the plane of (a % SH, b % SW) the windows' pixels of that place lie a // SH rows and b // SW
columns further on than the outputs they belong to. In memory that is one offset, the same for all
outputs, images and channels: what runs over the end of a row lands in columns that no output has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from minifcn.backend import Array, array_module
from minifcn.functional.arguments import Pair
from minifcn.functional.fast.scratch import scratch
from minifcn.functional.window import PoolWindow


class Places(NamedTuple):
    """Where the places of a window lie in the planes of an image, or of a part of its channels.

    Attributes
    ----------
    plane : (int, int)
        The size of a plane; that of the output and what the windows see beyond its last row.
    window : PoolWindow
    image : (int, int)
        The size of the image.
    """

    plane: Pair
    window: PoolWindow
    image: Pair

    @classmethod
    def of(cls, window: PoolWindow, image: Pair, size: Pair) -> Places:
        """Return the places of a window for an output of so many pixels."""
        (kh, kw), (sh, sw), (oh, ow) = window.kernel_size, window.stride, size
        return cls((oh + (kh - 1) // sh, ow + (kw - 1) // sw), window, image)

    def offsets(self) -> Iterator[tuple[Pair, int]]:
        """Yield the plane and the offset in it of each place, in reading order."""
        (kh, kw), (sh, sw) = self.window.kernel_size, self.window.stride
        for a in range(kh):
            for b in range(kw):
                yield (a % sh, b % sw), a // sh * self.plane[1] + b // sw

    def deal(self, x: Array, fill: float) -> dict[Pair, Array]:
        """Return the planes (N, C, *plane) of x (N, C, H, W); `fill` is where it has no pixels."""
        planes = {}
        for key, pixels, place in self._dealt():
            planes[key] = self._plane(f"pool plane {key}", x, fill)
            planes[key][place] = x[pixels]
        return planes

    def collect(self, planes: dict[Pair, Array], dx: Array) -> None:
        """Write the planes back to where `deal` had them from; dx is 0 elsewhere."""
        for key, pixels, place in self._dealt():
            dx[pixels] = planes[key][place]

    def zeros(self, like: Array) -> dict[Pair, Array]:
        """Return planes of zeros."""
        return {key: self._plane(f"pool plane {key}", like, 0) for key, _, _ in self._dealt()}

    def spread(self, name: str, y: Array) -> Array:
        """Return y (N, C, OH, OW) in the corner of a plane that is 0 elsewhere."""
        plane = self._plane(name, y, 0)
        plane[:, :, : y.shape[2], : y.shape[3]] = y
        return plane

    def _plane(self, name: str, like: Array, fill: float) -> Array:
        shape = (*like.shape[:2], *self.plane)
        plane = scratch(array_module(like), name, shape, like.dtype)
        plane.fill(fill)
        return plane

    def _dealt(self) -> Iterator[tuple[Pair, tuple, tuple]]:
        """Yield, for each plane, the pixels that are in it and the part of it that they fill."""
        kernel, stride, pad = self.window.kernel_size, self.window.stride, self.window.pad
        rows, columns = (
            [_dealt(r, *sizes) for r in range(min(k, s))]
            for k, s, sizes in zip(
                kernel, stride, zip(stride, pad, self.image, self.plane, strict=True), strict=True
            )
        )
        for r, (row_pixels, row_places) in enumerate(rows):
            for c, (column_pixels, column_places) in enumerate(columns):
                pixels = (..., row_pixels, column_pixels)
                yield (r, c), pixels, (..., row_places, column_places)


def _dealt(remainder: int, stride: int, pad: int, pixels: int, places: int) -> tuple[slice, slice]:
    """Return, along one axis, the pixels of a plane and where in it they lie."""
    first = max(0, -(-(pad - remainder) // stride))  # place of the plane that has a pixel
    start = first * stride + remainder - pad
    count = min(places - first, -(-(pixels - start) // stride))
    if count < 1:
        return slice(0, 0), slice(0, 0)
    return slice(start, start + count * stride, stride), slice(first, first + count)


def overlapping(window: PoolWindow) -> bool:
    """Return whether a pixel can lie in several windows, so that its plane serves several places.

    Where it does not, as with VGG16's 2 x 2, dealing out costs more than it saves.
    """
    pairs = zip(window.kernel_size, window.stride, strict=True)
    return any(kernel > stride for kernel, stride in pairs)


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
    xp, (oh, ow) = array_module(x), y.shape[2:]
    places = Places.of(window, x.shape[2:], (oh, ow))
    planes = {key: plane.ravel() for key, plane in places.deal(x, -xp.inf).items()}
    offsets = list(places.offsets())
    count = planes[0, 0].size - offsets[-1][1]
    candidates = (planes[key][offset : offset + count] for key, offset in offsets)
    canvas = scratch(xp, "pool maxima", (*x.shape[:2], *places.plane), x.dtype)
    winners = None if argmax is None else scratch(xp, "pool winners", canvas.shape, argmax.dtype)
    numbers = None if winners is None else winners.ravel()[:count]
    keep_largest(candidates, canvas.ravel()[:count], numbers)
    y[...] = canvas[:, :, :oh, :ow]
    if argmax is not None and winners is not None:
        argmax[...] = winners[:, :, :oh, :ow]


def keep_largest(candidates: Iterator[Array], best: Array, numbers: Array | None) -> None:
    """Write the largest of several arrays to `best`, entry by entry, and which it was to `numbers`.

    Of equal ones it is the first.
    """
    xp = array_module(best)
    best[...] = next(candidates)
    if numbers is not None:
        larger = scratch(xp, "pool larger", best.shape, bool)
        won = scratch(xp, "pool won", best.shape, numbers.dtype)
        numbers.fill(0)
    for number, candidate in enumerate(candidates, start=1):
        if numbers is not None:  # strictly larger: the first of equal values keeps its place
            # Numbers ascend, so the later winner is the larger number.
            xp.greater(candidate, best, out=larger)
            xp.multiply(larger, won.dtype.type(number), out=won)
            xp.maximum(numbers, won, out=numbers)
        xp.maximum(best, candidate, out=best)


def to_winners(dy: Array, argmax: Array, dx: Array, window: PoolWindow) -> None:
    """Write to dx, which is 0, the sum of the gradients of the windows that each pixel has won.

    Parameters
    ----------
    dy : array (N, C, OH, OW)
    argmax : unsigned array (N, C, OH, OW)
    dx : array (N, C, H, W)
    window : PoolWindow
    """
    if not dy.size:
        return
    places = Places.of(window, dx.shape[2:], dy.shape[2:])
    gradient = places.spread("pool maxima", dy)
    winners = places.spread("pool winners", argmax)
    planes, offsets = places.zeros(dy), list(places.offsets())
    count = gradient.size - offsets[-1][1]
    targets = (planes[key].ravel()[offset : offset + count] for key, offset in offsets)
    give_back(gradient.ravel()[:count], winners.ravel()[:count], targets)
    places.collect(planes, dx)


def give_back(gradient: Array, winners: Array, targets: Iterator[Array]) -> None:
    """Add each entry of a gradient to that of several arrays which `winners` has the number of."""
    xp = array_module(gradient)
    share = scratch(xp, "pool share", gradient.shape, gradient.dtype)
    won = scratch(xp, "pool larger", gradient.shape, bool)
    for number, target in enumerate(targets):
        xp.equal(winners, number, out=won)
        share[...] = won  # as numbers first: a product of two types is slow
        share *= gradient
        target += share
