"""How much memory a pass over a net will take, from the shapes alone, before anything is computed.

The net is walked as `net.py` walks it, with arrays that have a size and nothing else: they count
while somebody refers to them. A map lives until its last reader has run, or until the backward
pass has used the cache that holds it; convolution, ReLU and pooling run as one where `fusion.py`
lets them. To what is alive comes the working memory of the layer that runs, and what is kept of
earlier maps for later ones (`functional/fast/recycle.py`).

Not counted is what is there before: the program, the inputs, the parameters. A net whose biases are
all zero takes more where it sees zeros (`functional/fast/zeros.py`), up to twice as much.

Estimated, and measured on two threads in processes of their own (megabytes; `tests/net` measures
some of it again); FCN-8s of 21 classes, a quarter of the channels, padding "faithful":

    inference, pixels        1000 x 1000         2000 x 2000
    VGG16                     306    272          872     818
    GoogLeNet                 229    216          747     754
    AlexNet                   240    240          772     795

    training, pixels           500 x 500           800 x 800        1000 x 1000
    VGG16                     320    324          570     602        792     837
    VGG16, recompute          232    241          367     387        492     514
    GoogLeNet                                                        424    416
    GoogLeNet, recompute                                             365    364
    AlexNet                                                          330    311
    AlexNet, recompute                                               323    396

So it is right to an eighth, but for passes of less than 100 MB, where the buffers of the libraries
count for more, and for AlexNet's recomputation, whose maps do not fit into one another's places. On
a GPU it has not been compared. In training each gradient is used as soon as there is one, as the
solver does; whoever collects them all first needs the memory of all, and more for other maps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from math import prod
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np

from minifcn.functional.fast.recycle import HEADROOM
from minifcn.layers import (
    LRN,
    Concat,
    Conv2d,
    Crop,
    Deconv2d,
    Dropout,
    EltwiseMax,
    EltwiseSum,
    Layer,
    MaxPool2d,
    ReLU,
    SoftmaxLoss,
)
from minifcn.layers.layer import Shape
from minifcn.net.border import Unfold, fold_border
from minifcn.net.fusion import fuse
from minifcn.net.graph import Node, blob_shapes, count_readers
from minifcn.net.net import Net, release
from minifcn.net.recompute import Again, find_blocks
from minifcn.net.stitch import Stitch
from minifcn.net.working_memory import ITEM, buffer_bytes, interpolates, working_bytes

# Layers whose outputs lie in recycled memory, and those whose gradients do.
RECYCLING = (Conv2d, Deconv2d, LRN, MaxPool2d, Unfold)
RECYCLING_BACKWARD = (*RECYCLING, Crop, ReLU, SoftmaxLoss)
PROGRAM_BYTES = 40 << 20  # buffers of BLAS, stacks of threads, pieces that the system keeps


def inference_bytes(
    net: Net, outputs: Sequence[str], inputs: Mapping[str, Shape], xp: ModuleType = np
) -> int:
    """Return about how many bytes a forward pass takes at its peak, its outputs included.

    Parameters
    ----------
    net : Net
    outputs : sequence of str
    inputs : mapping of str to tuple of int
        The shapes of the inputs that the outputs need.
    xp : module
        The device's array module.
    """
    nodes = fold_border(net.needed(outputs), outputs, inputs)
    walk = _Walk(blob_shapes(nodes, inputs), count_readers(nodes, outputs), xp)
    walk.forward(nodes, {name: _Array(walk, 0) for name in inputs})
    return walk.total()


def training_bytes(
    net: Net,
    outputs: Sequence[str],
    inputs: Mapping[str, Shape],
    xp: ModuleType = np,
    *,
    recompute: bool = False,
    accumulate: int = 1,
) -> int:
    """Return about how many bytes the updates of a training take at their peak.

    Momentum is counted, whose memory is taken by the first update; and the sums of gradients, if
    several batches make an update.

    Parameters
    ----------
    net, outputs, inputs, xp
        As for `inference_bytes`; the outputs are the losses.
    recompute : bool
        See `Net.forward`.
    accumulate : int
        Batches of an update.
    """
    nodes = fold_border(net.needed(outputs), outputs, inputs)
    readers = count_readers(nodes, outputs)
    walk = _Walk(blob_shapes(nodes, inputs), readers, xp)
    trained = sum(p.nbytes for address, p in net.params.items() if net.multipliers[address][0])
    walk.lasting = trained if accumulate == 1 else 2 * trained
    blocks = find_blocks(nodes, readers) if recompute else {}
    again = {node.name for block in blocks.values() for node in block}
    cached, walk.active = {node.name for node in nodes} - again, net.active(nodes, wrt=())
    for _ in range(2):  # the second update finds what is kept from the first
        blobs = {name: _Array(walk, 0) for name in inputs}
        caches = walk.forward(nodes, blobs, cached, blocks)
        walk.backward(nodes, caches)
    return walk.total()


class _Array:
    """An array of which only the size matters, and whether its memory is kept for later ones."""

    def __init__(self, walk: _Walk, size: int, recycled: bool = False) -> None:
        self.walk, self.size, self.recycled = walk, size, recycled
        walk.take(size, recycled)

    def __del__(self) -> None:
        self.walk.give_back(self.size, self.recycled)


class _Walk:
    """A pass over a net, with the bytes that are in use, kept for later, and at most so far."""

    def __init__(self, shapes: dict[str, Shape], readers: Counter[str], xp: ModuleType) -> None:
        self.shapes, self.readers, self.xp = shapes, readers, xp
        self.used = self.most_used = self.kept = 0  # of arrays whose memory is recycled
        self.others = self.peak = 0
        self.lasting = 0  # momentum and sums of gradients
        self.buffers = 0  # of Winograd's method
        self.active: set[str] = set()  # the blobs whose gradient is needed

    def total(self) -> int:
        """Return the peak, with what comes to it."""
        return self.peak + self.lasting + self.buffers + PROGRAM_BYTES

    def take(self, size: int, recycled: bool) -> None:
        """Use so many bytes more; what is kept gives way, as in `recycle.py`."""
        if recycled:
            self.used += size
            self.most_used = max(self.most_used, self.used)
            self.kept = min(self.kept, int(HEADROOM * self.most_used) - self.used)
        else:
            self.others += size
        self.work(0)

    def give_back(self, size: int, recycled: bool) -> None:
        """Use so many bytes less; recycled ones are kept."""
        if recycled:
            self.used -= size
            self.kept += size
        else:
            self.others -= size

    def work(self, size: int) -> None:
        """Take so many bytes for a moment."""
        self.peak = max(self.peak, self.used + self.kept + self.others + size)

    def run_layer(self, node: Node, *, backward: bool = False) -> None:
        """Take what a layer works with."""
        if isinstance(node.layer, Stitch):  # a net of its own, one run after the other
            inputs = {name: self.shapes[name] for name in node.bottoms}
            needed = inference_bytes(node.layer.net, [node.layer.output], inputs, self.xp)
            self.work(needed - PROGRAM_BYTES)
        shapes = self.shapes[node.bottoms[0]], self.shapes[node.name]
        self.work(working_bytes(node.layer, *shapes, self.xp, backward=backward))
        self.buffers = max(
            self.buffers, buffer_bytes(node.layer, *shapes, self.xp, backward=backward)
        )

    def new(self, name: str, layer: Layer, recycling: tuple[type[Layer], ...]) -> _Array:
        """Return an array that a layer makes for a blob, or for its gradient."""
        return _Array(self, ITEM * prod(self.shapes[name]), isinstance(layer, recycling))

    def forward(
        self,
        nodes: Sequence[Node],
        blobs: dict[str, _Array],
        cached: Collection[str] = (),
        blocks: Mapping[str, list[Node]] = MappingProxyType({}),
    ) -> dict[str, Any]:
        """Walk as `Net.forward`; return the caches."""
        readers = self.readers.copy()
        caches: dict[str, Any] = {}
        for group in fuse(nodes, readers, cached):
            first, last = group[0], group[-1]
            bottoms = [blobs[bottom] for bottom in first.bottoms]
            blobs[last.name], made = self.run(group, bottoms, train=first.name in cached)
            if block := blocks.get(first.name):
                made[block[-1].name] = Again(block, bottoms[0])
            caches.update((name, cache) for name, cache in made.items() if name in self.active)
            del bottoms, made
            release(blobs, readers, first.bottoms)
        return caches

    def run(
        self, group: Sequence[Node], bottoms: list[_Array], *, train: bool
    ) -> tuple[_Array, dict[str, Any]]:
        """Walk as `fusion.run_group`: return the output, and the caches of what is cached."""
        first, name = group[0], group[-1].name
        if isinstance(first.layer, Crop) or (isinstance(first.layer, Dropout) and not train):
            return bottoms[0], {first.name: ()}  # a view of what it reads
        y = self.new(name, first.layer, RECYCLING)
        if isinstance(first.layer, Deconv2d) and not interpolates(first.layer):
            self.new(name, first.layer, RECYCLING)  # the phases, before they are interleaved
        self.run_layer(first)
        if not train:
            return y, {}
        if len(group) > 1:
            return y, {first.name: bottoms, name: y}
        return y, {name: self.cache(first, bottoms, y)}

    def cache(self, node: Node, bottoms: list[_Array], y: _Array) -> Any:
        """Return what the cache of a layer keeps."""
        layer, size = node.layer, prod(self.shapes[node.name])
        if isinstance(layer, ReLU):
            return y
        if isinstance(layer, MaxPool2d | EltwiseMax | Dropout):
            return _Array(self, size)  # a byte a number: which one is the largest, whether kept
        if isinstance(layer, LRN):
            return bottoms, _Array(self, ITEM * size, recycled=True)
        if isinstance(layer, SoftmaxLoss):
            return _Array(self, ITEM * prod(self.shapes[node.bottoms[0]]), recycled=True)
        return bottoms if layer.params else ()

    def backward(self, nodes: Sequence[Node], caches: dict[str, Any]) -> None:
        """Walk as `Net.backward`; the caches are consumed."""
        gradients = {node.name: _Array(self, 0) for node in nodes if not self.shapes[node.name]}
        for node in reversed(nodes):
            if node.name in self.active and node.name in gradients:
                self.run_backward(node, caches, gradients)
            caches.pop(node.name, None)

    def run_backward(
        self, node: Node, caches: dict[str, Any], gradients: dict[str, _Array]
    ) -> None:
        """Walk as `Net._run_backward`."""
        if isinstance(cache := caches.pop(node.name), Again):
            block, x = cache
            own = {part.name for part in block}
            caches.update(self.forward(block, {block[0].bottoms[0]: x}, own))
            cache = caches.pop(node.name)
        dy = gradients.pop(node.name)
        read = node.bottoms[:1] if isinstance(node.layer, Crop | SoftmaxLoss) else node.bottoms
        passed = isinstance(node.layer, Concat | EltwiseSum)  # on, as it is or in parts
        dxs = {
            b: dy if passed else self.new(b, node.layer, RECYCLING_BACKWARD)
            for b in read
            if b in self.active
        }
        self.run_layer(node, backward=True)
        for bottom, dx in dxs.items():
            gradients[bottom] = self.new(bottom, node.layer, ()) if bottom in gradients else dx
