"""GoogLeNet (Szegedy et al. 2014), as Caffe has it and as torchvision has it.

A stem of three convolutions, then nine inception modules: four branches side by side, with 1 x 1
convolutions that reduce the channels before the larger kernels, put behind each other along the
channels. The auxiliary classifiers are left out, as in the paper. Names are those of Caffe's
bvlc_googlenet, e.g. `inception_3a/3x3_reduce`.

torchvision's net has neither normalisation nor, after conversion, batch normalisation: that is
folded into the convolutions. Its "5x5" branch has 3 x 3 kernels, and its pool4 is 2 x 2.

Alignment
---------
Every 3 x 3 pooling of stride 2 puts its output on an input pixel, not between two. So does
upsampling with a bilinear kernel of 2 f - 1 pixels, where 2 f would be half a pixel off: with it
the maps of all strides lie on each other exactly, and the scores at P - 2 in the upsampled map, P
being the padding of conv1. (torchvision's pool4 lies between two pixels, so one upsampling by two
has the even kernel, and the scores of its FCN-32s begin at P + 6.) `fcn.py` derives all of it.

The 100 pixels of the other nets are there for fc6, whose window must fit into pool5. Once the
average pooling is gone, as in the paper, GoogLeNet has no such window: its own 3 pixels do, for
images of 31 pixels or more, with half the arithmetic.
"""

from __future__ import annotations

from typing import NamedTuple

from minifcn.layers import (
    LRN,
    AvgPool2d,
    Concat,
    Conv2d,
    Dropout,
    Layer,
    Linear,
    MaxPool2d,
    ReLU,
)
from minifcn.models.backbone import Backbone, BaseNet, NodeList, Tap, chain, classifier_loss, scaled
from minifcn.net import Net

STEM = (64, 64, 192)  # channels of conv1 and of conv2's two convolutions
# The channels of each module: 1x1, 3x3_reduce, 3x3, 5x5_reduce, 5x5, pool_proj.
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
LAST_LAYER = "loss3/classifier"
LAST_MAP, SMALL_LAST_MAP = 7, 2  # inception_5b/output of 224 x 224 and of 64 x 64 pixels


class Variant(NamedTuple):
    """What tells the two nets apart."""

    kernel: int  # of the branch called 5x5
    pool4: int  # the size of its window
    normalised: bool  # behind pool1 and conv2
    dropout: float
    same_pad: int  # the least padding of conv1 with which an image of one pixel has scores
    skip_scales: tuple[float, float]  # of the skips at stride 16 and 8


# The scales make features about as long, as vectors at a pixel, as inception_5b's: those of the
# skips are 2.5 and 7 times longer on photographs, with the weights of Caffe's model zoo.
# torchvision's weights were not at hand to measure.
BVLC = Variant(5, 3, normalised=True, dropout=0.4, same_pad=18, skip_scales=(0.4, 0.15))
TORCHVISION = Variant(3, 2, normalised=False, dropout=0.2, same_pad=10, skip_scales=(1, 1))


def googlenet(num_classes: int = 1000, *, width: float = 1.0, padding: str = "faithful") -> Net:
    """Return Caffe's GoogLeNet, the classifier; its scores are the blob `loss3/classifier` (N, C).

    Parameters
    ----------
    num_classes : int
    width : float
        Factor on every channel count.
    padding : "faithful" or "same"
        Faithful: the published net for images of 224 x 224 pixels. Same: a small counterpart for
        64 x 64, where the last map is 2 x 2.

    Source
    ------
    bvlc_googlenet of Caffe's model zoo.
    """
    return _classifier(BVLC, num_classes, width, padding)


def googlenet_torchvision(
    num_classes: int = 1000, *, width: float = 1.0, padding: str = "faithful"
) -> Net:
    """Return torchvision's GoogLeNet, as `googlenet`."""
    return _classifier(TORCHVISION, num_classes, width, padding)


def googlenet_backbone(
    width: float = 1.0, *, padding: str = "faithful", in_channels: int = 3
) -> Backbone:
    """Return the fully convolutional GoogLeNet without its last pooling and its classifier.

    The paper builds an FCN-32s on it and no skips. Those of the 16s and the 8s are the last
    features of their stride here: the output of the last inception module before pool4 and before
    pool3. (VGG16's are taken behind the pooling, where its strides change between blocks of
    convolutions; a module's output says more than a part of it that was pooled.)

    Parameters
    ----------
    width : float
        Factor on every channel count.
    padding : "faithful" or "same"
        Faithful: the 3 pixels of the classifier, for images of 31 x 31 pixels or more; smaller
        ones are refused at the pooling that finds nothing left. The first score then lies on pixel
        30, and what is before it fades out. Same: 18 pixels, the least that lets any size through;
        scores lie in the middle of their squares of 32 x 32 pixels.
    in_channels : int
        4 for colour and depth in one input.
    """
    return _backbone(BVLC, width, padding, in_channels)


def googlenet_torchvision_backbone(
    width: float = 1.0, *, padding: str = "faithful", in_channels: int = 3
) -> Backbone:
    """Return the fully convolutional GoogLeNet of torchvision, as `googlenet_backbone`.

    With its smaller pool4, "faithful" takes images of 15 pixels or more and puts the first score
    on pixel 22; "same" pads by 10.
    """
    return _backbone(TORCHVISION, width, padding, in_channels)


def googlenet_trunk(variant: Variant, width: float, pad: int, in_channels: int = 3) -> NodeList:
    """Return the layers from conv1 to inception_5b/output.

    Parameters
    ----------
    variant : Variant
    width : float
    pad : int
        Of conv1: 3 in the published net.
    in_channels : int
    """
    conv1, reduce, conv2 = (scaled(count, width) for count in STEM)
    norm1, norm2 = [("pool1/norm1", LRN())], [("conv2/norm2", LRN())]
    layers: list[tuple[str, Layer]] = [
        ("conv1/7x7_s2", Conv2d(in_channels, conv1, 7, stride=2, pad=pad)),
        ("conv1/relu_7x7", ReLU()),
        ("pool1/3x3_s2", MaxPool2d(3, stride=2)),
        *(norm1 if variant.normalised else []),
        ("conv2/3x3_reduce", Conv2d(conv1, reduce, 1)),
        ("conv2/relu_3x3_reduce", ReLU()),
        ("conv2/3x3", Conv2d(reduce, conv2, 3, pad=1)),
        ("conv2/relu_3x3", ReLU()),
        *(norm2 if variant.normalised else []),
        ("pool2/3x3_s2", MaxPool2d(3, stride=2)),
    ]
    nodes, channels = chain("data", layers), conv2
    for module, counts in MODULES.items():
        filters = [scaled(count, width) for count in counts]
        name = f"inception_{module}"
        nodes += _inception(name, nodes[-1][0], channels, filters, variant.kernel)
        channels = _output_channels(module, width)
        if module == "3b":
            nodes.append(("pool3/3x3_s2", MaxPool2d(3, stride=2), nodes[-1][0]))
        elif module == "4e":
            size = variant.pool4
            nodes.append((f"pool4/{size}x{size}_s2", MaxPool2d(size, stride=2), nodes[-1][0]))
    return nodes


def _inception(name: str, bottom: str, channels: int, filters: list[int], kernel: int) -> NodeList:
    """Return a module: four branches and their concatenation."""
    one, reduce3, three, reduce5, five, proj = filters

    def rectified(part: str, conv: Conv2d) -> list[tuple[str, Layer]]:
        return [(f"{name}/{part}", conv), (f"{name}/relu_{part}", ReLU())]

    branches = [
        rectified("1x1", Conv2d(channels, one, 1)),
        [
            *rectified("3x3_reduce", Conv2d(channels, reduce3, 1)),
            *rectified("3x3", Conv2d(reduce3, three, 3, pad=1)),
        ],
        [
            *rectified("5x5_reduce", Conv2d(channels, reduce5, 1)),
            *rectified("5x5", Conv2d(reduce5, five, kernel, pad=kernel // 2)),
        ],
        [
            (f"{name}/pool", MaxPool2d(3, stride=1, pad=1)),
            *rectified("pool_proj", Conv2d(channels, proj, 1)),
        ],
    ]
    nodes = [node for branch in branches for node in chain(bottom, branch)]
    nodes.append((f"{name}/output", Concat(), [branch[-1][0] for branch in branches]))
    return nodes


def _output_channels(module: str, width: float) -> int:
    one, _, three, _, five, proj = (scaled(count, width) for count in MODULES[module])
    return one + three + five + proj


def _backbone(variant: Variant, width: float, padding: str, in_channels: int) -> Backbone:
    def tap(module: str, scale: float) -> Tap:
        channels = _output_channels(module, width)
        return Tap(f"inception_{module}/output", channels, scale, always=scale != 1)

    scale16, scale8 = variant.skip_scales
    pad = 3 if padding == "faithful" else variant.same_pad
    nodes = googlenet_trunk(variant, width, pad, in_channels)
    drop = "pool5/drop_7x7_s1"
    nodes.append((drop, Dropout(variant.dropout), nodes[-1][0]))
    top = Tap(drop, _output_channels("5b", width))
    return Backbone(nodes, top=top, skips={16: tap("4e", scale16), 8: tap("3b", scale8)})


def _classifier(variant: Variant, num_classes: int, width: float, padding: str) -> Net:
    pad, size = (3, LAST_MAP) if padding == "faithful" else (variant.same_pad, SMALL_LAST_MAP)
    nodes = googlenet_trunk(variant, width, pad)
    last: list[tuple[str, Layer]] = [
        ("pool5/7x7_s1", AvgPool2d(size, stride=1)),
        ("pool5/drop_7x7_s1", Dropout(variant.dropout)),
        (LAST_LAYER, Linear(_output_channels("5b", width), num_classes)),
    ]
    nodes += chain(nodes[-1][0], last)
    nodes.append(("loss", classifier_loss(), (LAST_LAYER, "label")))
    return Net(nodes)


GOOGLENET = BaseNet(googlenet_backbone, googlenet, last_layer=LAST_LAYER, rate_factor=0.5)
GOOGLENET_TORCHVISION = BaseNet(
    googlenet_torchvision_backbone, googlenet_torchvision, last_layer=LAST_LAYER, rate_factor=0.5
)
