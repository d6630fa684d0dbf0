"""Trading time for memory in training: blocks whose caches are computed again when needed.

The caches of a block of convolutions, from one pooling to the next, are its largest maps. With
`Net.forward(..., recompute=True)` only the block's input is kept, which is the small map that the
pooling before it left. The backward pass runs the block once more when it comes to it, so at any
time the caches of one block exist. The numbers are the same.

Source: Chen et al. 2016, arXiv 1604.06174, with the net's own blocks as segments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from minifcn.backend import Array
from minifcn.layers import Dropout, MaxPool2d
from minifcn.net.fusion import fuse, run_fused
from minifcn.net.graph import Node


class Again(NamedTuple):
    """In place of the caches of a block: what it takes to compute them."""

    block: list[Node]
    x: Array


def merge_blocks(groups: Sequence[list[Node]], outputs: Sequence[str]) -> list[list[Node]]:
    """Join the groups of `fuse` that form a block: a chain of layers that ends in a max pooling.

    A chain begins with one input, draws no random numbers (dropout would draw others the second
    time), and nobody else reads what lies within it. Groups outside of blocks stay as they are.
    """
    readers = Counter(b for group in groups for node in group for b in node.bottoms)
    readers.update(outputs)
    merged: list[list[Node]] = []
    chain: list[list[Node]] = []
    for group in groups:
        last = chain[-1][-1].name if chain else ""
        able = len(group[0].bottoms) == 1 and not _draws(group)
        if not able or group[0].bottoms != (last,) or readers[last] != 1:
            merged += chain
            chain = []
        if not able:
            merged.append(group)
            continue
        chain.append(group)
        if isinstance(group[-1].layer, MaxPool2d):
            merged.append([node for part in chain for node in part])
            chain = []
    return merged + chain


def is_block(group: Sequence[Node]) -> bool:
    """Return whether a group is a block of `merge_blocks`."""
    return len(group) > 1 and isinstance(group[-1].layer, MaxPool2d)


def run_block(block: Sequence[Node], x: Array, *, train: bool) -> tuple[Array, dict[str, Any]]:
    """Run the layers of a block one after the other; return the last output and all caches."""
    caches: dict[str, Any] = {}
    for group in fuse(block, [block[-1].name], train=train):
        if len(group) > 1:
            x, made = run_fused(group, x, train=train)
        else:
            x, cache = group[0].layer.forward(x, train=train)
            made = {group[0].name: cache}
        caches.update(made)
    return x, caches if train else {}


def _draws(group: Sequence[Node]) -> bool:
    return any(isinstance(node.layer, Dropout) for node in group)
