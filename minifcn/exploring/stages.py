"""What a net is made of, as the page draws it: stages, and where each stands in Figure 3.

A stage is a layer with what needs no tile of its own behind it: a convolution with its ReLU, and
dropout, which is idle when a net is used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from minifcn.layers import (
    LRN,
    AvgPool2d,
    Concat,
    Conv2d,
    Crop,
    Deconv2d,
    Dropout,
    EltwiseSum,
    Layer,
    MaxPool2d,
    ReLU,
    Scale,
)
from minifcn.net import Net
from minifcn.net.fusion import follows
from minifcn.net.graph import Node, count_readers

KINDS: dict[type[Layer], str] = {
    **{Conv2d: "conv", Deconv2d: "deconv", MaxPool2d: "maxpool", AvgPool2d: "avgpool"},
    **{Crop: "crop", EltwiseSum: "sum", Concat: "concat", Scale: "scale", LRN: "lrn"},
    **{ReLU: "relu", Dropout: "dropout"},
}
# What follows exactly from other values and from geometry, so that it need not be kept.
DERIVED = ("maxpool", "crop", "concat", "relu", "dropout")
_BLOCK = re.compile(r"(?:conv|pool)(\d+)(?=_|$)")


class Stage(NamedTuple):
    """A tile of the page."""

    nodes: tuple[Node, ...]  # the layer, and what runs behind it unseen; none for the image
    name: str  # that of the layer
    bottoms: tuple[str, ...]  # the stages it reads; of a crop the second only gives the size

    @property
    def layer(self) -> Layer | None:
        """Return the layer that the stage is about; None for the image."""
        return self.nodes[0].layer if self.nodes else None

    @property
    def blob(self) -> str:
        """Return the name of the blob with its values."""
        return self.nodes[-1].name if self.nodes else self.name

    @property
    def kind(self) -> str:
        """Return the kind of its layer, as the page calls it."""
        return KINDS[type(self.layer)] if self.layer else "input"

    @property
    def read(self) -> tuple[str, ...]:
        """Return the stages whose values it reads."""
        return self.bottoms[:1] if self.kind == "crop" else self.bottoms

    @property
    def rectified(self) -> bool:
        """Return whether its values are those behind a ReLU."""
        return any(isinstance(node.layer, ReLU) for node in self.nodes)


def find_stages(net: Net, output: str) -> dict[str, Stage]:
    """Return the stages that a blob depends on by name, in order of execution, inputs first."""
    nodes = net.needed([output])
    readers = count_readers(nodes, [output])
    groups: list[list[Node]] = []
    for node in nodes:
        if groups and follows(node, groups[-1][-1], readers) and _is_quiet(node, groups[-1]):
            groups[-1].append(node)
        else:
            groups.append([node])
    names = {node.name: group[0].name for group in groups for node in group}
    read = dict.fromkeys(bottom for node in nodes for bottom in node.bottoms)
    stages = {name: Stage((), name, ()) for name in read if name not in names}
    for group in groups:
        bottoms = tuple(names.get(bottom, bottom) for bottom in group[0].bottoms)
        stages[group[0].name] = Stage(tuple(group), group[0].name, bottoms)
    return stages


def _is_quiet(node: Node, group: Sequence[Node]) -> bool:
    """Return whether a node needs no tile of its own behind a group."""
    behind_kernel = isinstance(group[0].layer, Conv2d | Deconv2d)
    return isinstance(node.layer, Dropout) or (behind_kernel and isinstance(node.layer, ReLU))


class Place(NamedTuple):
    """Where a stage is drawn: column and row of Figure 3, and the block that it belongs to."""

    rank: int
    lane: int
    block: str


def places(stages: Mapping[str, Stage]) -> dict[str, Place]:
    """Return where each stage stands.

    The column is the length of the longest way from the image. The row is 0 for the backbone and
    the coarsest scores, and one more from each fused skip on, as the paper's Figure 3 has it.
    """
    sums = [name for name, stage in stages.items() if stage.kind == "sum"]
    upsampled: set[str] = set()  # what a deconvolution leads to
    fused: dict[str, int] = {}  # how many sums lead to a stage, itself included
    ranks: dict[str, int] = {}
    for name, stage in stages.items():
        ranks[name] = max((ranks[bottom] + 1 for bottom in stage.read), default=0)
        if stage.kind == "deconv" or upsampled.intersection(stage.read):
            upsampled.add(name)
        before = max((fused[bottom] for bottom in stage.read), default=0)
        fused[name] = before + (stage.kind == "sum")
    lanes = dict(fused)
    first = next((stage for stage in stages.values() if stage.kind == "deconv"), None)
    trunk = ancestors(stages, first.name) if first else set(stages)
    for number, name in enumerate(sums, 1):
        for branch in ancestors(stages, name) - trunk - upsampled:
            lanes.setdefault(branch, number)
            lanes[branch] = lanes[branch] or number
    return {name: Place(ranks[name], lanes[name], _block(name)) for name in stages}


def ancestors(stages: Mapping[str, Stage], name: str) -> set[str]:
    """Return the names of all stages whose values a stage depends on."""
    found: set[str] = set()
    waiting = list(stages[name].read)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += stages[one].read
    return found


def _block(name: str) -> str:
    match = _BLOCK.match(name)
    return f"conv{match[1]}" if match else name.partition("/")[0]
