"""1 x 1 convolutions of one blob are computed as one: an optimisation of the executor.

An inception module begins with three of them, and a ReLU behind each. They read the same pixels,
so their kernels below each other are one bank, and one product takes the place of three:

    [y1; y2; y3] = [weight1; weight2; weight3] @ x          relu likewise
    dx           = [weight1; weight2; weight3].T @ [dy1; dy2; dy3]
    [dweight1; dweight2; dweight3] = [dy1; dy2; dy3] @ x.T

It is larger, x is read once, and there are no three gradients of x to be added up: 3 percent of a
step of GoogLeNet at 375 x 500. (In inference the copy of the weights would take what it saves.)
What follows reads its own channels of the result, a view; their gradients come back as a `Part` of
the whole.

Models and layers know nothing of this: `join_siblings` rewrites the list of nodes that `net.py`
executes, as `border.py` does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from minifcn.backend import Array, array_module
from minifcn.functional.fast.recycle import recycled_zeros
from minifcn.functional.window import Window
from minifcn.layers import Conv2d, Layer, ReLU
from minifcn.layers.layer import Gradients, Shape
from minifcn.net.graph import Node, count_readers
from minifcn.net.without import is_used, without

JOINED = " (joined)"  # what the names of nodes end in that compute what several do


def siblings_apart() -> AbstractContextManager[None]:
    """Compute each convolution by itself in a block: what the tests compare with."""
    return without("siblings")


class Part(NamedTuple):
    """The gradient of some channels of a blob; that of the others is told by others, or zero."""

    dy: Array
    channels: slice
    shape: Shape  # of the blob

    def add_to(self, whole: Array | None) -> Array:
        """Add it to the gradient of the blob, which is made if there is none yet."""
        if whole is None:
            whole = recycled_zeros(array_module(self.dy), self.shape, self.dy.dtype)
        whole[:, self.channels] += self.dy
        return whole


class Siblings(Conv2d):
    """Several 1 x 1 convolutions of one blob.

    Parameters
    ----------
    members : sequence of Conv2d
        Each with a bias, or none of them.

    Attributes
    ----------
    params : dict from name to array
        Those of all, the channels one behind the other: copies.
    """

    def __init__(self, members: Sequence[Conv2d]) -> None:
        Layer.__init__(self)
        self.members = members
        self.window, self.groups = members[0].window, 1
        for name, array in members[0].params.items():
            arrays = [member.params[name] for member in members]
            self.params[name] = array_module(array).concatenate(arrays)

    def parts(self) -> list[slice]:
        """Return the channels of each member."""
        ends = accumulate((len(member.params["weight"]) for member in self.members), initial=0)
        return [slice(*pair) for pair in pairwise(ends)]

    def backward(self, dy: Array, cache: Any, **needs: bool) -> Gradients:
        """Return dx, and the gradients of each member's parameters by (its number, name)."""
        dx, gradients = super().backward(dy, cache, **needs)
        return dx, {
            f"{number}/{name}": gradient[part]
            for name, gradient in gradients.items()
            for number, part in enumerate(self.parts())
        }


class Channels(Layer):
    """Some channels of a blob."""

    def __init__(self, channels: slice) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, x: Array) -> tuple[Array, Shape]:
        """Return a view of the channels."""
        return x[:, self.channels], x.shape

    def backward(self, dy: Array, cache: Shape) -> Gradients:
        """Return dy as a part of the gradient."""
        return (Part(dy, self.channels, cache),), {}

    def output_shape(self, x_shape: Shape) -> Shape:
        """Return the shape with that number of channels."""
        return (x_shape[0], self.channels.stop - self.channels.start, *x_shape[2:])


def join_siblings(nodes: Sequence[Node], outputs: Sequence[str]) -> list[Node]:
    """Return nodes that compute the same blobs, rectified 1 x 1 convolutions of one blob as one.

    A layer that is used at several places is left alone.

    Parameters
    ----------
    nodes : sequence of Node
        In order of execution.
    outputs : sequence of str
        The blobs that the caller reads.
    """
    readers = count_readers(nodes, outputs)
    rectifiers = {node.bottoms[0]: node for node in nodes if isinstance(node.layer, ReLU)}
    uses = Counter(id(node.layer) for node in nodes)
    families: dict[tuple, list[Node]] = defaultdict(list)
    for node in nodes:
        rectified = node.name in rectifiers and readers[node.name] == 1
        if rectified and _fits(node) and uses[id(node.layer)] == 1:
            dtype = node.layer.params["weight"].dtype
            families[node.bottoms, len(node.layer.params), dtype].append(node)
    replaced: dict[str, list[Node]] = {}
    for family in families.values():
        if is_used("siblings") and len(family) > 1:
            replaced.update(_joined(family, rectifiers))
    return [new for node in nodes for new in replaced.get(node.name, [node])]


def _fits(node: Node) -> bool:
    layer = node.layer
    return type(layer) is Conv2d and layer.window == Window((1, 1)) and layer.groups == 1


def _joined(family: Sequence[Node], rectifiers: Mapping[str, Node]) -> dict[str, list[Node]]:
    """Return what replaces some convolutions and their rectifiers, by their names."""
    layer = Siblings([node.layer for node in family])  # type: ignore[misc]
    first = family[0]
    conv = Node(first.name + JOINED, layer, first.bottoms)
    relu = Node(rectifiers[first.name].name + JOINED, ReLU(), (conv.name,))
    replaced: dict[str, list[Node]] = {node.name: [] for node in family}
    replaced[first.name] = [conv, relu]
    for node, channels in zip(family, layer.parts(), strict=True):
        name = rectifiers[node.name].name
        replaced[name] = [Node(name, Channels(channels), (relu.name,))]
    return replaced
