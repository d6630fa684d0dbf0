"""Filter rarefaction: a coarse net made dense, by holes in its kernels in place of its strides.

A layer with the stride s computes every s-th of its values. Without the stride it computes all, and
what was its next value is s places away. So the kernels behind it take every s-th value:

    f'[i, j] = f[i/s, j/s] where s divides i and j, else 0

which is a dilation by s; zeros need not be multiplied. That holds for the window of a pooling as
well, and for padding, of which s times as much is needed. With several strides each layer is
stretched by the product of those that were removed before it.

The dense values contain the coarse ones, unchanged to the edges of the maps: value i of the coarse
map is value s*i of the dense one. For that a pooling that was rounded up must go on being so,
though it has no stride any more that could be rounded: its windows may hang over the edge by as
many pixels as before (`PoolWindow.overhang`). Then a value that had the edge beside it has it s
places away, and no value in between.

It is what shift-and-stitch computes (`stitch.py`), in one pass. Source: section 3.2 of the paper;
the algorithme à trous is Mallat 1999's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from operator import add, mul, sub
from typing import Any

from minifcn.functional.arguments import whole_number
from minifcn.functional.window import PoolWindow
from minifcn.layers import AvgPool2d, Conv2d, Layer, MaxPool2d
from minifcn.layers.geometry import Footprint, Pair
from minifcn.net.graph import Node
from minifcn.net.net import Net

MOVING = (Conv2d, MaxPool2d, AvgPool2d)  # layers whose windows move over an image


def rarefy(net: Net, stride: int, outputs: Sequence[str] = ("score_fr",)) -> Net:
    """Return a net whose outputs are dense: a value every `stride` pixels.

    The last strides are removed first, and each layer behind one is dilated.

    Parameters
    ----------
    net : Net
    stride : int
        In pixels of the image, a divisor of the outputs' stride.
    outputs : sequence of str
        Blobs that convolutions, poolings and layers that look at one place lead to.

    Returns
    -------
    Net
        With the layers that the outputs need, and the net's own parameters.

    Raises
    ------
    ValueError
        If there is no such stride, or a layer cannot be rarefied.

    Cost
    ----
    A layer behind a removed stride s computes s * s times as many values; layers before all of them
    cost what they did. Each map is larger by the same factor, in memory too.

    Source: section 3.2 of the paper.
    """
    nodes: list[Node] = []
    stretched: dict[tuple[int, Pair], Layer] = {}  # a layer that is used twice is one layer again
    for node, before in strided(net, stride, outputs):
        key = id(node.layer), before
        if key not in stretched:
            stretched[key] = _rarefied(node.layer, before, stride)
        nodes.append(node._replace(layer=stretched[key]))
    dense = Net(nodes)
    dense.multipliers = {address: net.multipliers[address] for address in dense.multipliers}
    return dense


def strided(net: Net, stride: int, outputs: Sequence[str]) -> list[tuple[Node, Pair]]:
    """Return the nodes that outputs need, each with the stride of what it reads, in pixels.

    Parameters and errors are those of `rarefy`.
    """
    stride = whole_number("dense output: the stride", stride, 1)
    strides: dict[str, Pair] = dict.fromkeys(net.inputs, (1, 1))
    found = []
    for node in net.needed(outputs):
        footprint = node.layer.footprint()
        if footprint is None or not (isinstance(node.layer, MOVING) or footprint == Footprint()):
            raise ValueError(
                f"dense output: {node.name}, on the way to {', '.join(outputs)}, cannot be made "
                f"dense: it is a {type(node.layer).__name__}, and neither a convolution nor a "
                "pooling nor a layer that looks at one place"
            )
        before = strides[node.bottoms[0]]
        strides[node.name] = _pairwise(mul, before, footprint.stride)
        for own in strides[node.name]:
            if max(own, stride) % min(own, stride) or (node.name in outputs and own < stride):
                raise ValueError(
                    f"dense output: {node.name} has a value every {own} pixels, and cannot be part "
                    f"of an output that has one every {stride}"
                )
        found.append((node, before))
    return found


def _rarefied(layer: Layer, before: Pair, stride: int) -> Layer:
    """Return a layer whose input has at most `stride`, where it had `before`."""
    if not isinstance(layer, MOVING):
        return layer
    old = layer.window
    dilation = _pairwise(lambda first: max(1, first // stride), before)
    kept = _pairwise(
        lambda first, own: min(first * own, stride) // min(first, stride), before, old.stride
    )
    if (dilation, kept) == ((1, 1), old.stride):
        return layer
    stretched: dict[str, Any] = {
        "stride": kept,
        "pad": _pairwise(mul, old.pad, dilation),
        "dilation": _pairwise(mul, old.dilation, dilation),
    }
    if isinstance(old, PoolWindow) and old.ceil:
        removed = _pairwise(sub, old.stride, kept)
        over = _pairwise(add, old.overhang, removed)
        stretched["overhang"] = _pairwise(mul, over, dilation)
    dense = copy(layer)  # with the same parameters
    dense.window = old._replace(**stretched)
    return dense


def _pairwise(function: Callable[..., int], *pairs: Pair) -> Pair:
    """Return what a function gives for the vertical and for the horizontal sizes."""
    vertical, horizontal = zip(*pairs, strict=True)
    return function(*vertical), function(*horizontal)
