"""Nets as lines of text, to be compared with tables."""

from collections.abc import Iterable

from minifcn.layers import LRN, Conv2d, Crop, Deconv2d, Layer, MaxPool2d
from minifcn.net import Net


def line(name: str, layer: Layer, bottoms: str | Iterable[str], filters: bool = False) -> str:
    """Describe a node: its name, kind, what is particular to it, and what it reads.

    That is the kernel's size/stride, pad and groups if there are any, if asked for how many
    filters, a crop's offset, a dropout's ratio.
    """
    kind, bottoms = type(layer).__name__, [bottoms] if isinstance(bottoms, str) else bottoms
    if isinstance(layer, (Conv2d, Deconv2d, MaxPool2d)):
        (k, _), (s, _), (p, _), *_ = layer.window
        kind += f" {k}/{s}" + (f" pad {p}" if p else "")
    if isinstance(layer, MaxPool2d):
        kind += " ceil" * layer.window.ceil
    if isinstance(layer, Conv2d):
        kind += f" in {layer.groups}" * (layer.groups > 1)
        kind += f" to {len(layer.params['weight'])}" * filters
    if isinstance(layer, LRN):
        kind += f" {layer.local_size} {layer.alpha} {layer.beta} {layer.k}"
    if isinstance(layer, Crop):
        kind += f" at {layer.offset[0]}"
    return f"{name} = {kind} of {', '.join(bottoms)}"


def lines_behind(net: Net, last: str) -> list[str]:
    """Describe the nodes behind one of them: those that an FCN adds to its backbone."""
    after = [node.name for node in net.nodes].index(last) + 1
    return [line(*node) for node in net.nodes[after:]]


def table(text: str) -> list[str]:
    return [row.strip() for row in text.strip().splitlines()]
