"""The branches of an inception module, each on a thread of its own: an optimisation of inference.

A module has a dozen layers, all small. To share each of them out to two threads is to call and to
wait a dozen times, for halves that BLAS multiplies more slowly than the whole. But the branches do
not wait for each other. So a thread takes a whole branch, the longest first, and who is done takes
the next; they are called once. What a branch yields goes to its channels of the module's output
while it is in cache.

With fewer than two branches for each thread the longest would be waited for; then the layers are
shared out, as they are in training.

Models and layers know nothing of this: `side_by_side` rewrites the list of nodes that `net.py`
executes, as `border.py` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import accumulate, pairwise

from minifcn.backend import Array, array_module, get_threads, parallel_map
from minifcn.functional.fast.recycle import recycled
from minifcn.layers import Concat, Layer
from minifcn.layers.layer import Shape
from minifcn.net.fusion import fuse, run_group
from minifcn.net.graph import Node, blob_shapes, count_readers, naming
from minifcn.net.without import is_used, without


def branches_in_turn() -> AbstractContextManager[None]:
    """Run one branch after the other in a block: what the tests compare with."""
    return without("branches")


class Branches(Layer):
    """Chains of layers that read one blob, and what they yield put behind each other; in inference.

    Parameters
    ----------
    chains : sequence of sequences of Node
        Each node reads the one before it, and the first of each chain the same blob.
    """

    def __init__(self, chains: Sequence[Sequence[Node]]) -> None:
        super().__init__()
        self.chains = chains

    def infer(self, x: Array) -> Array:
        """Return the (N, C1 + C2 + ..., H, W) blob."""
        xp, shapes = array_module(x), self._shapes(x.shape)
        y = recycled(xp, self.output_shape(x.shape), x.dtype)
        ends = accumulate((shape[-1][1] for shape in shapes), initial=0)
        parts = [slice(*pair) for pair in pairwise(ends)]
        flops = [
            sum(node.layer.flops(seen) for node, seen in zip(chain, shape, strict=False))
            for chain, shape in zip(self.chains, shapes, strict=True)
        ]

        def run(number: int) -> None:
            chain, blob = self.chains[number], x
            for group in fuse(chain, count_readers(chain), cached=()):
                with naming(group[0]):
                    blob, _ = run_group(group, [blob], train=False)
            y[:, parts[number]] = blob

        parallel_map(xp, run, sorted(range(len(parts)), key=lambda number: -flops[number]))
        return y

    def output_shape(self, x_shape: Shape) -> Shape:
        """Return the shape with the channels added up."""
        return Concat().output_shape(*(shapes[-1] for shapes in self._shapes(x_shape)))

    def _shapes(self, x_shape: Shape) -> list[list[Shape]]:
        """Return the shapes of the blobs of each chain, beginning with x's."""
        return [
            list(blob_shapes(chain, {chain[0].bottoms[0]: x_shape}).values())
            for chain in self.chains
        ]


def side_by_side(nodes: Sequence[Node], outputs: Sequence[str]) -> list[Node]:
    """Return nodes that compute the same blobs, with each module's branches as one.

    Parameters
    ----------
    nodes : sequence of Node
        In order of execution.
    outputs : sequence of str
        The blobs that the caller reads.
    """
    if not (get_threads() > 1 and is_used("branches")):
        return list(nodes)
    readers, makers = count_readers(nodes, outputs), {node.name: node for node in nodes}
    replaced: dict[str, list[Node]] = {}
    for node in nodes:
        if isinstance(node.layer, Concat):
            chains = [_chain(makers, readers, bottom) for bottom in node.bottoms]
            begin = {chain[0].bottoms[0] if chain else "" for chain in chains}
            if begin != {""} and len(begin) == 1 and len(chains) >= 2 * get_threads():
                replaced.update({part.name: [] for chain in chains for part in chain})
                replaced[node.name] = [Node(node.name, Branches(chains), tuple(begin))]
    return [new for node in nodes for new in replaced.get(node.name, [node])]


def _chain(makers: Mapping[str, Node], readers: Mapping[str, int], blob: str) -> list[Node]:
    """Return the nodes that lead to a blob, each of which only the next one reads."""
    chain: list[Node] = []
    while readers[blob] == 1 and blob in makers and len(makers[blob].bottoms) == 1:
        chain.insert(0, makers[blob])
        (blob,) = makers[blob].bottoms
    return chain
