"""The border that padding makes is constant, so it is computed once and repeated.

Behind a padding of 100 the rows of a map that have seen zeros only are all alike, and so are the
columns: half of the places of conv1_1's map, for a photograph. Of rows that are alike one is
enough. A map that has some of them missing is *folded*, and

    f(x) = unfold(f(folded x))        for a convolution, a ReLU, a pooling, a normalisation f

exactly: the rows of f(x) are all computed by one formula, each from a window of rows, and folding
leaves out windows only that see what another sees. Both sides are one and the same function of the
image and the parameters, so their gradients agree too, however a tie between equal values in a
pooling window is decided. The gradient of `unfold` is the sum over the rows that were repeated.

Which rows are alike follows from kernels, strides and paddings (`geometry.covered`). Each layer
spoils some at the rim, where its window sees something else. So a map is unfolded a little behind
each pooling, where it is small, and wholly where nothing can be saved any more.

Models and layers know nothing of this: `fold_border` rewrites the list of nodes that `net.py`
executes. The first convolution gets less padding, and `Unfold` is a layer like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import copy
from typing import Any

import numpy as np

from minifcn.backend import Array, array_module, cut, get_threads, parallel_map
from minifcn.functional.fast.recycle import recycled
from minifcn.layers import LRN, AvgPool2d, Conv2d, Layer, MaxPool2d, ReLU, Scale
from minifcn.layers.geometry import Span, covered
from minifcn.layers.layer import Gradients, Shape
from minifcn.net.fusion import follows
from minifcn.net.graph import Node, count_readers
from minifcn.net.without import is_used, without

POOLING = (MaxPool2d, AvgPool2d)
# Layers that compute all rows and columns by one formula. (Dropout does not: it draws.)
UNIFORM = (Conv2d, ReLU, LRN, Scale, *POOLING)
LEAST = 0.05  # of the places of a map: to leave out fewer saves less than unfolding costs
FOLDED = " (folded)"  # what the name of a node ends in whose output is yet to be unfolded

Ends = tuple[Span, Span]  # what is alike before the image and behind it
Missing = Any  # int array (2, 2): how many rows before and behind the image, and how many columns


def border_whole() -> AbstractContextManager[None]:
    """Compute the whole border in a block, row by row: what the tests compare with."""
    return without("border")


def fold_border(
    nodes: Sequence[Node], outputs: Sequence[str], inputs: Mapping[str, Shape]
) -> list[Node]:
    """Return nodes that compute the same blobs, the constant border only once.

    Of each chain of uniform layers that begins with a convolution whose padding is larger than its
    kernel, the nodes up to the last map that is worth folding are replaced. A map that several
    nodes read, or the caller, is whole.

    Parameters
    ----------
    nodes : sequence of Node
        In order of execution.
    outputs : sequence of str
        The blobs that the caller reads.
    inputs : mapping of str to tuple of int
        The shapes of the inputs.
    """
    first = [node for node in nodes if is_used("border") and _makes_a_border(node, inputs)]
    readers = count_readers(nodes, outputs) if first else {}
    replaced: dict[str, list[Node]] = {}
    for node in first:
        chain = [node]
        for later in nodes:
            if follows(later, chain[-1], readers) and isinstance(later.layer, UNIFORM):
                chain.append(later)
        replaced.update(_fold(chain, inputs[node.bottoms[0]]))
    return [new for node in nodes for new in replaced.get(node.name, [node])]


def _makes_a_border(node: Node, inputs: Mapping[str, Shape]) -> bool:
    if not isinstance(node.layer, Conv2d) or len(inputs.get(node.bottoms[0], ())) != 4:
        return False
    extent, pad = node.layer.window.extent(), node.layer.window.pad
    return any(p > k for p, k in zip(pad, extent, strict=True))


def _fold(chain: Sequence[Node], shape: Shape) -> dict[str, list[Node]]:
    """Return what replaces the nodes of a chain, by their names; `shape` is that of its input."""
    first, last = chain[0], None
    conv = first.layer
    assert isinstance(conv, Conv2d)
    pad = np.array(conv.window.pad)
    alike, missing = _alike(chain, shape), np.stack([pad, pad], axis=1)
    replaced: dict[str, list[Node]] = {}
    for block in [*_blocks(chain), []]:
        behind, stride = _most_missing(block, alike, missing)
        if last is None:
            behind[:] = behind.min(axis=1, keepdims=True)  # there is one padding for both ends
            thin = copy(conv)  # with the same parameters
            thin.original = conv  # type: ignore[attr-defined]
            thin.window = conv.window._replace(pad=tuple((pad - (stride * behind)[:, 0]).tolist()))
            replaced[first.name] = [first._replace(layer=thin)]
        elif (missing != stride * behind).any():
            folded = replaced.get(last.name, [last])[0]._replace(name=last.name + FOLDED)
            unfold = Unfold(alike[last.name], missing, stride * behind)
            replaced[last.name] = [folded, Node(last.name, unfold, (folded.name,))]
        if not behind.any():
            return replaced
        missing, last = behind, block[-1]
    raise AssertionError("behind the last block nothing is missing")


def _alike(chain: Sequence[Node], shape: Shape) -> dict[str, list[Ends]]:
    """Return which rows and columns of each map of a chain are alike."""
    conv = chain[0].layer
    assert isinstance(conv, Conv2d)
    borders = {}
    border = [
        (Span(-pad, 0), Span(size, size + pad))
        for pad, size in zip(conv.window.pad, shape[2:], strict=True)
    ]
    for node in chain:
        footprint = node.layer.footprint()
        assert footprint is not None
        border = [
            (covered(before, footprint, axis), covered(behind, footprint, axis))
            for axis, (before, behind) in enumerate(border)
        ]
        borders[node.name] = border
    return borders


def _blocks(chain: Sequence[Node]) -> list[Sequence[Node]]:
    """Cut a chain behind each pooling."""
    cuts = [i for i, node in enumerate(chain, start=1) if isinstance(node.layer, POOLING)]
    ends = sorted({*cuts, len(chain)})
    return [chain[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _most_missing(
    block: Sequence[Node], alike: Mapping[str, list[Ends]], missing: Missing
) -> tuple[Missing, Array]:
    """Return how many rows the output of a block can do without, and the stride of the block.

    Of its input `stride` times as many are left out, which must be no more than are missing. Of
    each map that it computes one row of those that are alike must be there.
    """
    if not block:  # behind the chain a map is whole
        return np.zeros((2, 2), int), np.ones((2, 1), int)
    stride, most = np.ones((2, 1), int), np.full((2, 2), np.iinfo(int).max)
    for node in reversed(block):
        footprint = node.layer.footprint()
        assert footprint is not None
        spare = [[span.end - span.first - 1 for span in ends] for ends in alike[node.name]]
        most = np.minimum(most, np.array(spare) // stride)
        stride = stride * np.array(footprint.stride)[:, None]
    most = np.maximum(np.minimum(most, missing // stride), 0)
    size = [max(1, behind.end) for _, behind in alike[block[-1].name]]
    saved = 1 - np.prod(1 - most.sum(axis=1) / size)
    return most * (saved >= LEAST), stride


class Unfold(Layer):
    """Repeats the rows and columns of a folded map that stand for others.

    Parameters
    ----------
    alike : (rows, columns), each a pair of Span
        Which are alike before and behind the image, counted in the whole map.
    missing, kept : int array (2, 2)
        How many of them the input has not, and the output still has not.
    """

    def __init__(self, alike: Sequence[Ends], missing: Missing, kept: Missing) -> None:
        super().__init__()
        self.repeats = []  # of rows, of columns: which of the input is repeated how often
        for ends, gone, added in zip(alike, missing[:, 0], missing - kept, strict=True):
            places = ends[0].first, ends[1].first - int(gone)
            repeats = zip(places, added.tolist(), strict=True)
            self.repeats.append([(place, times) for place, times in repeats if times])

    def forward(self, x: Array) -> tuple[Array, Shape]:
        """Return the (N, C, H + rows, W + columns) map."""
        y = recycled(array_module(x), self.output_shape(x.shape), x.dtype)

        def repeat(part: slice) -> None:
            for source, target, _ in self._pieces(x.shape):
                y[:, part][target] = x[:, part][source]

        _in_parts(x, repeat)
        return y, x.shape

    def backward(self, dy: Array, cache: Shape) -> Gradients:
        """Return dx: of a row or column that was repeated, the sum over all of it."""
        dx = recycled(array_module(dy), cache, dy.dtype)

        def add_up(part: slice) -> None:
            for source, target, repeated in self._pieces(cache):
                piece = dy[:, part][target]
                dx[:, part][source] = piece.sum(repeated, keepdims=True) if repeated else piece

        _in_parts(dx, add_up)
        return dx, {}

    def output_shape(self, x_shape: Shape) -> Shape:
        """Return the shape with what is added."""
        rows, columns = (sum(added for _, added in axis) for axis in self.repeats)
        return (*x_shape[:2], x_shape[2] + rows, x_shape[3] + columns)

    def _pieces(self, x_shape: Shape) -> Iterator[tuple[tuple, tuple, tuple[int, ...]]]:
        """Yield pieces of the input, where they go, and the axes along which they are repeated."""
        rows, columns = (
            list(_cut(size, repeats))
            for size, repeats in zip(x_shape[2:], self.repeats, strict=True)
        )
        for source, target, down in rows:
            for left, right, across in columns:
                axes = (2,) * down + (3,) * across
                yield (..., source, left), (..., target, right), axes


def _cut(size: int, repeats: Sequence[tuple[int, int]]) -> Iterator[tuple[slice, slice, bool]]:
    """Yield the parts of an axis: in the input, in the output, and whether it is repeated."""
    start = shift = 0
    for place, added in repeats:
        yield slice(start, place), slice(start + shift, place + shift), False
        yield slice(place, place + 1), slice(place + shift, place + shift + 1 + added), True
        start, shift = place + 1, shift + added
    yield slice(start, size), slice(start + shift, size + shift), False


def _in_parts(x: Array, function: Callable[[slice], None]) -> None:
    """Share the channels of an array out to the threads."""
    parallel_map(array_module(x), function, cut(x.shape[1], min(x.shape[1], get_threads())))
