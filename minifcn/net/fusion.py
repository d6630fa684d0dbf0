"""Running a convolution, its ReLU and its pooling in one go: an optimisation of the executor.

A rectified convolution need not write its map to memory before the ReLU reads it again: where the
convolution works in strips, both are done while the strip is in cache, and in inference the 2 x 2
pooling behind them as well. The layers and the nets know nothing of this; `Net.forward` asks
`fuse` which nodes may run together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from minifcn.backend import Array
from minifcn.functional.conv import conv2d_forward
from minifcn.functional.window import HALVING
from minifcn.layers import Conv2d, MaxPool2d, ReLU
from minifcn.net.graph import Node


def fuse(nodes: Sequence[Node], outputs: Sequence[str], *, train: bool) -> list[list[Node]]:
    """Group the nodes of a net, in order, into those that run together.

    A convolution runs with the ReLU behind it, and without training with the halving max pooling
    behind that, if nobody else reads what lies in between.

    Parameters
    ----------
    nodes : sequence of Node
    outputs : sequence of str
        Blobs that the caller wants.
    train : bool
        The backward pass of a pooling needs its argmax, so it is not fused in training.
    """
    readers = Counter(bottom for node in nodes for bottom in node.bottoms) + Counter(outputs)
    follower = {
        node.bottoms[0]: node
        for node in nodes
        if len(node.bottoms) == 1 and readers[node.bottoms[0]] == 1
    }
    groups: list[list[Node]] = []
    taken: set[str] = set()
    for node in nodes:
        if node.name in taken:
            continue
        group = [node]
        relu = follower.get(node.name)
        if isinstance(node.layer, Conv2d) and relu and isinstance(relu.layer, ReLU):
            group.append(relu)
            pool = follower.get(relu.name)
            if pool and not train and _halves(pool):
                group.append(pool)
        groups.append(group)
        taken.update(member.name for member in group)
    return groups


def run_fused(group: Sequence[Node], x: Array, *, train: bool) -> tuple[Array, dict[str, Any]]:
    """Run a convolution with the nodes behind it; return the last output and the caches.

    The cache of a ReLU is its output, as `functional/relu.py` has it.
    """
    conv = group[0].layer
    assert isinstance(conv, Conv2d)
    window = conv.window
    y, cache = conv2d_forward(
        x,
        conv.params["weight"],
        conv.params.get("bias"),
        stride=window.stride,
        pad=window.pad,
        dilation=window.dilation,
        groups=conv.groups,
        relu=True,
        pool=len(group) == 3,
    )
    return y, {group[0].name: cache, group[1].name: y} if train else {}


def _halves(node: Node) -> bool:
    return isinstance(node.layer, MaxPool2d) and node.layer.window == HALVING
