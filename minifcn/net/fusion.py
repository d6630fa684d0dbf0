"""Running a convolution, its ReLU and its pooling in one go: an optimisation of the executor.

A rectified convolution need not write its map to memory before the ReLU reads it again: where the
convolution works in strips, both are done while the strip is in cache, and in inference the 2 x 2
pooling behind them as well. The layers and the nets know nothing of this: the executor lets `fuse`
group its nodes, and `run_group` run them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from minifcn.backend import Array
from minifcn.functional.conv import conv2d_forward
from minifcn.functional.window import HALVING
from minifcn.layers import Conv2d, MaxPool2d, ReLU
from minifcn.net.graph import Node


def fuse(
    nodes: Sequence[Node], readers: Mapping[str, int], cached: Collection[str]
) -> list[list[Node]]:
    """Group the nodes of a net, in order, into those that run together.

    A convolution runs with the ReLU behind it, and that with the halving max pooling behind it, if
    nobody else reads what lies in between.

    Parameters
    ----------
    nodes : sequence of Node
    readers : dict from blob name to int
        How often each blob is read, from `count_readers`.
    cached : collection of str
        The nodes whose cache is wanted. A pooling with a cache (its argmax) runs by itself.
    """
    groups: list[list[Node]] = []
    for node in nodes:
        if groups and _joins(node, groups[-1], readers, cached):
            groups[-1].append(node)
        else:
            groups.append([node])
    return groups


def _joins(
    node: Node, group: Sequence[Node], readers: Mapping[str, int], cached: Collection[str]
) -> bool:
    if not follows(node, group[-1], readers):
        return False
    if isinstance(group[-1].layer, Conv2d):
        return isinstance(node.layer, ReLU)
    halves = isinstance(node.layer, MaxPool2d) and node.layer.window == HALVING
    return len(group) == 2 and halves and node.name not in cached


def follows(node: Node, last: Node, readers: Mapping[str, int]) -> bool:
    """Return whether a node reads the one before it and nothing else, and nobody else does."""
    return node.bottoms == (last.name,) and readers[last.name] == 1


def run_group(
    group: Sequence[Node], bottoms: Sequence[Array], *, train: bool, rng: Any = None
) -> tuple[Array, dict[str, Any]]:
    """Run a group of `fuse`; return its last output, and when training the caches by name.

    Parameters
    ----------
    group : sequence of Node
    bottoms : sequence of arrays
        What the first node reads.
    train : bool
        Drop out, and make caches.
    rng : numpy.random.Generator or CuPy's, optional
        For dropout.
    """
    if len(group) > 1:
        return _run_fused(group, *bottoms, train=train)
    layer = group[0].layer
    if not train:
        return layer.infer(*bottoms), {}
    options = {"rng": rng} if layer.draws else {}
    y, cache = layer.forward(*bottoms, **options)
    return y, {group[0].name: cache}


def _run_fused(group: Sequence[Node], x: Array, *, train: bool) -> tuple[Array, dict[str, Any]]:
    """Run a convolution with what follows; a ReLU's cache is its output (`functional/relu.py`)."""
    conv = group[0].layer
    assert isinstance(conv, Conv2d)
    y, cache = conv2d_forward(
        x, *conv.params.values(), **conv.options, relu=True, pool=len(group) == 3
    )
    return y, {group[0].name: cache, group[1].name: y} if train else {}
