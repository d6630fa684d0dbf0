"""Nets as lines of text, to be compared with tables."""

from __future__ import annotations

from minifcn.layers import Conv2d, Crop, Deconv2d
from minifcn.net import Net, Node


def line(node: Node) -> str:
    """Describe a node: its name, kind, kernel size/stride, pad if there is one, offset, bottoms."""
    layer, kind = node.layer, type(node.layer).__name__
    if isinstance(layer, (Conv2d, Deconv2d)):
        (k, _), (s, _), (p, _), *_ = layer.window
        kind += f" {k}/{s}" + (f" pad {p}" if p else "")
    if isinstance(layer, Crop):
        kind += f" at {layer.offset[0]}"
    return f"{node.name} = {kind} of {', '.join(node.bottoms)}"


def lines_behind(net: Net, last: str) -> list[str]:
    """Describe the nodes behind one of them: those that an FCN adds to its backbone."""
    after = [node.name for node in net.nodes].index(last) + 1
    return [line(node) for node in net.nodes[after:]]


def table(text: str) -> list[str]:
    return [row.strip() for row in text.strip().splitlines()]
