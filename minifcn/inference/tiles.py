"""Segmenting an image piece by piece, with the result that the whole image would have.

A score depends on the pixels of its receptive field and on nothing else. So it is the same if the
net is given only a tile of the image, provided that

- the tile begins at a multiple of the coarsest stride (32): then every window of a convolution or
  pooling, and every phase of an upsampling, falls on the pixels on which it falls in the whole;
- nothing that the score depends on, in no layer, has seen beyond a cut edge of the tile, where the
  net finds padding and not the image;
- at the edges of the image the tile ends as well, so that padding and the last, incomplete windows
  are those of the whole.

How much of a tile a cut spoils follows from kernels, strides and paddings, layer by layer, as do
the receptive fields: about half of one at each side. Neighbouring tiles overlap by what is spoiled
at both, and each pixel is taken from a tile where it is right. The tiles' sizes decide by which
path a convolution is computed (`functional/conv.py`), so that scores may differ in the last digit.

A net with a layer that has no positions, such as a classifier, cannot be used in tiles.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import lcm, prod
from types import ModuleType
from typing import NamedTuple

import numpy as np

from minifcn.data.dataset import DataError
from minifcn.layers import Crop
from minifcn.layers.geometry import Footprint, Pair
from minifcn.net import Graph, Net
from minifcn.net.memory import inference_bytes
from minifcn.net.working_memory import ITEM
from minifcn.system.machine import gigabytes

# Of the memory that is available, so much is for the net: the rest is for the label map, for the
# pictures that are made of it, and for whoever else is at work.
SHARE = 0.5

Area = tuple[slice, slice]


class Tile(NamedTuple):
    """A piece of an image: what the net is given, and the part of it whose scores are right."""

    seen: Area  # of the image
    kept: Area  # of the image

    @property
    def inner(self) -> Area:
        """Return where in the tile the part lies that is kept."""
        rows, columns = (
            slice(kept.start - seen.start, kept.stop - seen.start)
            for kept, seen in zip(self.kept, self.seen, strict=True)
        )
        return rows, columns


class Overlap(NamedTuple):
    """How a net can be used in tiles; each field is (vertical, horizontal), in pixels.

    Attributes
    ----------
    stride : (int, int)
        Tiles begin at its multiples.
    before, behind : (int, int)
        What a cut spoils at the beginning and at the end of a tile.
    """

    stride: Pair
    before: Pair
    behind: Pair

    def smallest(self) -> int:
        """Return the side of the smallest square tile of which something is right."""
        return max(
            -(-(before + behind) // stride) * stride + stride
            for stride, before, behind in zip(*self, strict=True)
        )


class _Span(NamedTuple):
    """Which positions of a blob are right, counted from that over the ends of the tile."""

    stride: Fraction
    first: int
    end: int


def fitting_tiles(
    net: Net,
    outputs: Sequence[str],
    channels: Mapping[str, int],
    size: Pair,
    available: int | None,
    xp: ModuleType = np,
) -> Iterator[Tile]:
    """Return the image as one tile if the memory is enough for that, else as tiles that fit.

    Parameters
    ----------
    net : Net
    outputs : sequence of str
        The scores.
    channels : mapping of str to int
        Of each input of the net.
    size : (int, int)
        Height and width of the image.
    available : int or None
        Bytes of memory; None if that is not known, which is taken for enough.
    xp : module
        The device's array module.

    Raises
    ------
    DataError
        If it is not enough for the smallest tiles either, or the net cannot be used in tiles.
    """

    def needed(side: int) -> int:
        height, width = (min(side, pixels) for pixels in size)
        shapes = {name: (1, count, height, width) for name, count in channels.items()}
        own = sum(ITEM * prod(shape) for shape in shapes.values())
        return own + inference_bytes(net, outputs, shapes, xp)

    whole = max(size)
    if available is None or needed(whole) <= SHARE * available:
        area = slice(0, size[0]), slice(0, size[1])
        return iter([Tile(area, area)])
    overlap = find_overlap(net, outputs)
    smallest = min(whole, overlap.smallest()) if overlap else whole
    if overlap is None or needed(smallest) > SHARE * available:
        raise DataError(
            f"an image of {size[0]} x {size[1]} pixels needs about {gigabytes(needed(whole))} of "
            f"memory, in the smallest pieces {gigabytes(needed(smallest))}, and there is "
            f"{gigabytes(int(SHARE * available))} (half of what is free); close other programs, "
            "or scale the image down"
        )
    sides = range(smallest, whole, max(overlap.stride))
    fitting = bisect_right(sides, SHARE * available, key=needed)
    return tiles(size, sides[max(0, fitting - 1)], overlap)


def find_overlap(net: Graph, outputs: Sequence[str]) -> Overlap | None:
    """Return how a net can be used in tiles; None if it cannot.

    Parameters
    ----------
    net : Graph
    outputs : sequence of str
        Blobs that lie on the image pixel by pixel, such as the scores.
    """
    if any(node.layer.footprint() is None for node in net.needed(outputs)):
        return None
    vertical, horizontal = (_overlap(net, outputs, axis) for axis in (0, 1))
    return Overlap(*zip(vertical, horizontal, strict=True))


def _overlap(net: Graph, outputs: Sequence[str], axis: int) -> tuple[int, int, int]:
    """Return stride, before and behind along an axis.

    Both ends are followed through the net for a tile without length: in one that is longer by a
    multiple of the stride, the end lies so much farther on.
    """
    spans = dict.fromkeys(net.inputs, _Span(Fraction(1), 0, 0))
    for node in net.needed(outputs):
        footprint = node.layer.footprint()
        assert footprint is not None  # `find_overlap` has asked
        # A crop reads its second input for the size only.
        read = node.bottoms[:1] if isinstance(node.layer, Crop) else node.bottoms
        before = [spans[bottom] for bottom in read]
        spans[node.name] = _through(
            _Span(
                before[0].stride,
                max(span.first for span in before),
                min(span.end for span in before),
            ),
            footprint,
            axis,
        )
    stride = lcm(*(span.stride.numerator for span in spans.values()))
    first = max(spans[name].first for name in outputs)
    return stride, first, max(0, -min(spans[name].end for name in outputs))


def _through(span: _Span, footprint: Footprint, axis: int) -> _Span:
    """Return what is right behind a layer: the outputs that depend on nothing that is wrong."""
    _, first, end = span
    extent, stride = footprint.extent[axis], footprint.stride[axis]
    pad, shift = footprint.pad[axis], footprint.shift[axis]
    if footprint.transposed:  # input i reaches the outputs i * stride - pad ... + extent - 1
        first, end = (first - 1) * stride + extent - pad, end * stride - pad
        step = span.stride / stride
    else:  # output i sees the inputs i * stride - pad ... + extent - 1
        first, end = -(-(first + pad) // stride), (end - extent + pad) // stride + 1
        step = span.stride * stride
    return _Span(step, max(0, first - shift), end - shift)


def tiles(size: Pair, side: int, overlap: Overlap) -> Iterator[Tile]:
    """Cut an image into tiles; the parts that are kept cover it, and do not overlap.

    Parameters
    ----------
    size : (int, int)
        Height and width of the image.
    side : int
        Height and width of a tile at most; at least `overlap.smallest()`, unless the image is no
        larger.
    overlap : Overlap
        Of the net.

    Raises
    ------
    ValueError
        If of tiles of that side nothing would be right.
    """
    rows, columns = (_cut(*of_axis, side) for of_axis in zip(size, *overlap, strict=True))
    for seen_rows, kept_rows in rows:
        for seen_columns, kept_columns in columns:
            yield Tile((seen_rows, seen_columns), (kept_rows, kept_columns))


def _cut(size: int, stride: int, before: int, behind: int, side: int) -> list[tuple[slice, slice]]:
    """Cut an axis; return of each tile what is seen and what is kept."""
    if size <= side:
        return [(slice(0, size), slice(0, size))]
    side -= side % stride
    if side - before - behind < stride:
        raise ValueError(
            f"tiles of {side} pixels are too small: {before} and {behind} pixels of each are "
            f"spoiled, and they begin at multiples of {stride}"
        )
    pieces, start, done = [], 0, 0
    while done < size:
        stop = min(start + side, size)
        end = size if stop == size else stop - behind
        pieces.append((slice(start, stop), slice(done, end)))
        start, done = (end - before) // stride * stride, end
    return pieces
