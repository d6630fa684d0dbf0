"""Table 1 of the paper: the geometry of its three nets, and what an image takes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minifcn.experiments.experiment import EXACT, FAILS, HOLDS, Experiment, Result, Row
from minifcn.experiments.lab import Lab
from minifcn.experiments.timing import timed
from minifcn.layers import Conv2d
from minifcn.models import ModelSpec, build
from minifcn.net import Net
from minifcn.net.summary import count_parameters

NETS = {"FCN-AlexNet": "alexnet", "FCN-VGG16": "vgg16", "FCN-GoogLeNet": "googlenet"}
SCORES = "score_fr"  # the coarse scores
SIZE, SMOKE_SIZE, SMOKE_WIDTH = 500, 64, 1 / 16  # of the image, pixels, that is timed


class Geometry(NamedTuple):
    """What Table 1 says of a net that is not trained."""

    conv_layers: int  # convolutions on the longest way from the image to the coarse scores
    parameters: int  # those that are trained
    receptive_field: int  # the image pixels, along an axis, that a coarse score depends on
    max_stride: int  # the pixels between two coarse scores


# The paper prints the parameters in millions: 57M, 134M, 6M.
PAPER = {
    "FCN-AlexNet": Geometry(8, 57_000_000, 355, 32),
    "FCN-VGG16": Geometry(16, 134_000_000, 404, 32),
    "FCN-GoogLeNet": Geometry(22, 6_000_000, 907, 32),
}
PAPER_MILLISECONDS = {"FCN-AlexNet": 50, "FCN-VGG16": 210, "FCN-GoogLeNet": 59}
COLUMNS = ("conv layers", "parameters", "receptive field, px", "stride, px")
TIME = "time of an image, ms"
NOTES = (
    "FCN-GoogLeNet's conv layers are those on the longest way through the net, 22 of its 58.",
    "The paper rounds parameters to millions. Ours are of 21 classes, without fixed upsampling.",
    "FCN-GoogLeNet's receptive field: with the 7 x 7 average pooling of the classifier, whose "
    "positions are 32 pixels apart, it is 715 + 6 * 32 = 907, as printed. But the paper removes "
    "that layer (section 4.1), and the net that is left sees 715 pixels.",
)
TIMED = (
    f"The paper's times are of an NVIDIA K40c, ours of this machine's processor, {SIZE} x {SIZE} "
    "pixels both."
)
TIMED_SMALL = (
    f"The times are of nets of a sixteenth of the width and of {SMOKE_SIZE} x {SMOKE_SIZE} "
    "pixels: not to be compared with the paper's."
)


def geometry(net: Net) -> Geometry:
    """Return the figures of an FCN-32s, those of Table 1 of the paper."""
    depth: dict[str, int] = dict.fromkeys(net.inputs, 0)
    for node in net.nodes:
        below = max(depth[bottom] for bottom in node.bottoms)
        depth[node.name] = below + isinstance(node.layer, Conv2d)
    field = net.receptive_fields()[SCORES]
    return Geometry(depth[SCORES], count_parameters(net), int(field.size), int(field.stride))


def milliseconds(net: Net, size: int) -> float:
    """Return what a square image takes on the way to its scores: the least of a few times."""
    rng = np.random.default_rng(0)
    for array in net.params.values():  # zeros would be multiplied faster
        array[...] = rng.standard_normal(array.shape, np.float32) * 0.01
    image = rng.standard_normal((1, 3, size, size), np.float32)
    return timed(lambda: net.forward({"data": image}, outputs=["score"]))[0]


def table1(lab: Lab) -> Result:
    """Compare the three nets' figures with the paper's; they are built, and run for their time."""
    rows, same = [], []
    for name, backbone in NETS.items():
        ours, printed = geometry(build(ModelSpec("fcn32s", backbone))), PAPER[name]
        width, size = (SMOKE_WIDTH, SMOKE_SIZE) if lab.smoke else (1.0, SIZE)
        taken = milliseconds(build(ModelSpec("fcn32s", backbone, width=width)), size)
        values = {column: [value] for column, value in zip(COLUMNS, ours, strict=True)}
        paper = {TIME: PAPER_MILLISECONDS[name], **dict(zip(COLUMNS, printed, strict=True))}
        rows.append(Row(name, {TIME: [taken], **values}, paper))
        rounded = ours._replace(parameters=round(ours.parameters, -6))
        same += [ours_ == theirs for ours_, theirs in zip(rounded, printed, strict=True)]
    agree = f"{sum(same)} of {len(same)} figures of the nets are the paper's"
    notes = (*NOTES, TIMED_SMALL if lab.smoke else TIMED)
    verdict = HOLDS if sum(same) >= len(same) - 1 else FAILS
    return Result(rows, verdict, f"{agree}; the one that is not is explained.", notes=notes)


TABLE1 = Experiment(
    "Table 1",
    "Three classifiers become fully convolutional nets, whose layers, parameters, receptive fields "
    "and strides are these.",
    "inference on an image of 500 x 500: 50, 210 and 59 ms (GPU)",
    table1,
    {"shapes": 1},
    idle=EXACT,
)
