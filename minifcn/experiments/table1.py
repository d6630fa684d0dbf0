"""Table 1 of the paper, as far as it needs no training: the geometry of its three nets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from minifcn.experiments.experiment import Experiment
from minifcn.layers import Conv2d
from minifcn.models import ModelSpec, build
from minifcn.net import Net
from minifcn.net.summary import count_parameters

NETS = {"FCN-AlexNet": "alexnet", "FCN-VGG16": "vgg16", "FCN-GoogLeNet": "googlenet"}
SCORES = "score_fr"  # the coarse scores


class Geometry(NamedTuple):
    """What Table 1 says of a net that is not trained.

    Attributes
    ----------
    conv_layers : int
        Convolutions on the longest way from the image to the coarse scores.
    parameters : int
        Those that are trained.
    receptive_field : int
        The image pixels, along an axis, that a coarse score depends on.
    max_stride : int
        The pixels between two coarse scores.
    """

    conv_layers: int
    parameters: int
    receptive_field: int
    max_stride: int


# The paper prints the parameters in millions: 57M, 134M, 6M.
PAPER = {
    "FCN-AlexNet": Geometry(8, 57_000_000, 355, 32),
    "FCN-VGG16": Geometry(16, 134_000_000, 404, 32),
    "FCN-GoogLeNet": Geometry(22, 6_000_000, 907, 32),
}
NOTES = """\
conv layers      FCN-GoogLeNet: those on the longest way through the net, 22 of its 58.
parameters       The paper rounds to millions. Ours are of 21 classes; fixed upsampling is left out.
receptive field  FCN-GoogLeNet: with the 7 x 7 average pooling of the classifier, whose positions
                 are 32 pixels apart, it is 715 + 6 * 32 = 907, as printed. But the paper removes
                 that layer (section 4.1), and the net that is left sees 715 pixels.
"""


def geometry(net: Net) -> Geometry:
    """Return the figures of an FCN-32s.

    Source: Table 1 of the paper.
    """
    depth: dict[str, int] = dict.fromkeys(net.inputs, 0)
    for node in net.nodes:
        below = max(depth[bottom] for bottom in node.bottoms)
        depth[node.name] = below + isinstance(node.layer, Conv2d)
    field = net.receptive_fields()[SCORES]
    return Geometry(depth[SCORES], count_parameters(net), int(field.size), int(field.stride))


def table1() -> Iterator[str]:
    """Yield a table of the three nets' figures beside the paper's, and notes on the differences.

    The nets are built one by one and never run, so their weights take no memory: pages of zeros
    are not there before they are written to.
    """
    yield f"{'':16} {'':14} {'paper':>12} {'ours':>12}"
    for name, backbone in NETS.items():
        ours = geometry(build(ModelSpec("fcn32s", backbone)))
        for field, printed, found in zip(Geometry._fields, PAPER[name], ours, strict=True):
            paper = f"{printed // 1_000_000}M" if field == "parameters" else str(printed)
            head = name if field == "conv_layers" else ""
            yield f"{head:16} {field.replace('_', ' '):15} {paper:>11} {found:>12,}"
    yield f"\n{NOTES.rstrip()}"


TABLE1 = Experiment(
    "Table 1", "layers, parameters, receptive field and stride of the three nets", table1
)
