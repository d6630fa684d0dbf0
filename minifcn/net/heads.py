"""The heads of a net: each loss compares a score blob with a label input."""

from __future__ import annotations

from typing import NamedTuple

from minifcn.layers import SoftmaxLoss
from minifcn.net.graph import Graph


class Head(NamedTuple):
    """One of the label maps that a net learns.

    Attributes
    ----------
    name : str
        "" for the first or only one, else e.g. "geo".
    loss, score, label : str
        The blobs: "loss", "score", "label" of a net with one head.
    layer : SoftmaxLoss
    """

    name: str
    loss: str
    score: str
    label: str
    layer: SoftmaxLoss


def net_heads(net: Graph) -> list[Head]:
    """Return the heads of a net, the main one first."""
    heads = []
    for node in net.nodes:
        if isinstance(node.layer, SoftmaxLoss):
            score, label = node.bottoms
            name = node.name.removeprefix("loss").removeprefix("_")
            heads.append(Head(name, node.name, score, label, node.layer))
    return heads
