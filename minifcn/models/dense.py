"""A trained FCN-32s with finer scores and less upsampling, without further training (section 3.2).

Its coarse scores lie 32 pixels apart, and are interpolated between. Shift-and-stitch or filter
rarefaction computes scores in between instead, each from a window as large as before. The paper
uses neither in its nets, for skips gain more and cost less; but they need no training.

    32s      score_fr -> upscore -> score
    dense    score_fr -> score_fr_wide -> upscore8 -> score       with scores every 8 pixels

The coarse net fades out towards the edges of the image, where it has no scores beyond the last ones
to interpolate with. Here the last ones are repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from minifcn.backend import Array, array_module
from minifcn.layers import Crop, Deconv2d, Layer
from minifcn.layers.geometry import Footprint
from minifcn.layers.layer import Gradients, Shape
from minifcn.models.backbone import NodeList
from minifcn.models.fcn import upsampling
from minifcn.net import Net, Node
from minifcn.net.graph import derive_crop
from minifcn.net.heads import net_heads
from minifcn.net.rarefy import rarefy
from minifcn.net.stitch import Stitch


def _rarefied(net: Net, stride: int, scores: list[str]) -> list[Node]:
    return rarefy(net, stride, scores).nodes


def _stitched(net: Net, stride: int, scores: list[str]) -> list[Node]:
    layers = {name: Stitch(net, stride, name) for name in scores}
    return [Node(name, layer, layer.dense.inputs) for name, layer in layers.items()]


METHODS: dict[str, Callable[[Net, int, list[str]], list[Node]]] = {
    "rarefy": _rarefied,
    "stitch": _stitched,
}


def dense(net: Net, stride: int, method: str = "rarefy") -> Net:
    """Return an FCN-32s as a net with finer scores, which computes with the same parameters.

    Parameters
    ----------
    net : Net
        Without skips; of several heads all are made dense.
    stride : int
        In pixels of the image, a divisor of 32: a score every so many. With 1 nothing is upsampled.
    method : "rarefy" or "stitch"
        Kernels with holes in one pass, or (32 / stride) ** 2 passes in the memory of one; the
        scores are the same. Only the rarefied net can be trained.

    Raises
    ------
    ValueError
        If the net has skips or is no FCN, or there is no such stride or method.
    """
    if method not in METHODS:
        raise ValueError(f"dense output: it is by {' or '.join(METHODS)}, not by {method!r}")
    tails = [(head, _tail(net, head.score)) for head in net_heads(net)]
    nodes: NodeList = [*METHODS[method](net, stride, [tail.scores for _, tail in tails])]
    for head, (coarse, upscore, image) in tails:
        suffix = head.score.removeprefix("score")
        weight, before = upscore.params["weight"], upscore.window.stride[0]
        wide, last = f"{coarse}_wide", f"upscore{stride}{suffix}"
        nodes.append((wide, Extend(before // stride - 1), coarse))
        finer = upsampling(nodes, weight.shape[0], wide, image, stride)
        finer.params["weight"] = array_module(weight).asarray(finer.params["weight"], weight.dtype)
        nodes.append((last, finer, wide))
        nodes.append((head.score, Crop(derive_crop(nodes, last, image)), (last, image)))
        nodes.append((head.loss, head.layer, (head.score, head.label)))
    finished = Net(nodes)
    finished.multipliers.update(
        {address: net.multipliers.get(address, (0.0, 0.0)) for address in finished.multipliers}
    )
    return finished


class _Tail(NamedTuple):
    """What stands between coarse scores and those of the pixels."""

    scores: str
    upsampling: Deconv2d
    image: str  # what it is cropped to


def _tail(net: Net, score: str) -> _Tail:
    nodes = {node.name: node for node in net.nodes}
    crop = nodes[score]
    last = nodes.get(crop.bottoms[0])
    if not isinstance(crop.layer, Crop) or last is None or not isinstance(last.layer, Deconv2d):
        raise ValueError(f"dense output: the net is no FCN: {score} is not upsampled and cropped")
    inner = [n.name for n in net.needed(last.bottoms) if isinstance(n.layer, Deconv2d)]
    if inner:
        raise ValueError(
            f"dense output: the net has skips ({inner[0]} upsamples for one); only an FCN-32s can "
            "be made dense"
        )
    return _Tail(last.bottoms[0], last.layer, crop.bottoms[1])


class Extend(Layer):
    """Repeat the outermost rows and columns of a map.

    y[n,c,i,j] = x[n,c,i-P,j-P], where i-P and j-P are brought back into the map

    Parameters
    ----------
    pad : int
        P, on each side.
    """

    def __init__(self, pad: int) -> None:
        super().__init__()
        self.pad = pad

    def forward(self, x: Array) -> tuple[Array, None]:
        """Return the (N, C, H + 2 P, W + 2 P) map."""
        sides = (self.pad, self.pad)
        return array_module(x).pad(x, ((0, 0), (0, 0), sides, sides), mode="edge"), None

    def backward(self, dy: Array, cache: None) -> Gradients:
        """Return dx: a row or column that was repeated collects from all its places."""
        dx = dy
        for axis in (2, 3):
            rows = array_module(dy).moveaxis(dx, axis, 0)
            end = len(rows) - self.pad
            inner = rows[self.pad : end].copy()
            inner[0] += rows[: self.pad].sum(axis=0)
            inner[-1] += rows[end:].sum(axis=0)
            dx = array_module(dy).moveaxis(inner, 0, axis)
        return dx, {}

    def output_shape(self, x_shape: Shape) -> Shape:
        """Return the shape with what is added."""
        n, c, h, w = x_shape
        return n, c, h + 2 * self.pad, w + 2 * self.pad

    def footprint(self) -> Footprint:
        """Return a pointwise footprint with padding."""
        return Footprint(pad=(self.pad, self.pad))
