"""Trading time for memory in training: blocks whose caches are computed again when needed.

The caches of a block of convolutions, from one pooling to the next, are its largest maps. With
`Net.forward(..., recompute=True)` only the block's input is kept, which is the small map that the
pooling before it left. The backward pass runs the block once more when it comes to it, so at any
time the caches of one block exist. The numbers are the same.

Source: Chen et al. 2016, arXiv 1604.06174, with the net's own blocks as segments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from minifcn.backend import Array
from minifcn.layers import MaxPool2d
from minifcn.net.fusion import follows, fuse, run_group
from minifcn.net.graph import Node, count_readers


class Again(NamedTuple):
    """In place of the caches of a block: what it takes to compute them."""

    block: list[Node]
    x: Array


def find_blocks(nodes: Sequence[Node], readers: Mapping[str, int]) -> dict[str, list[Node]]:
    """Return the blocks of a net, by the name of their first node.

    A block is a chain of layers that ends in a max pooling. It has one input, draws no random
    numbers (dropout would draw others the second time), and nobody else reads what lies within it.

    Parameters
    ----------
    nodes : sequence of Node
    readers : dict from blob name to int
        How often each blob is read, from `count_readers`.
    """
    blocks: dict[str, list[Node]] = {}
    chain: list[Node] = []
    for node in nodes:
        before = chain if chain and follows(node, chain[-1], readers) else []
        fits = len(node.bottoms) == 1 and not node.layer.draws
        chain = [*before, node] if fits else []
        if isinstance(node.layer, MaxPool2d):
            if len(chain) > 1:
                blocks[chain[0].name] = chain
            chain = []
    return blocks


def run_again(again: Again) -> dict[str, Any]:
    """Run the layers of a block once more; return their caches by name."""
    block, x = again
    caches: dict[str, Any] = {}
    for group in fuse(block, count_readers(block), {node.name for node in block}):
        x, made = run_group(group, [x], train=True)
        caches.update(made)
    return caches
