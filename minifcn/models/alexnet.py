"""AlexNet (Krizhevsky et al. 2012), as CaffeNet and as torchvision has it.

Five convolutions, three of which end in a 3 x 3 pooling of stride 2, then fc6, fc7 and fc8. The
paper uses Caffe's reference model: conv2, conv4 and conv5 are cut into two groups, a remnant of
training on two GPUs, and pool1 and pool2 are followed by local response normalisation.
torchvision's net ("one weird trick", Krizhevsky 2014) has other channel counts and neither groups
nor normalisation, and drops out before fc6 and fc7 instead of behind them.

torchvision rounds its poolings down, Caffe up. At the size that the classifier is made for there is
nothing to round, and elsewhere an FCN must not lose the last pixels: here all are rounded up.
"""

from __future__ import annotations

from typing import NamedTuple

from minifcn.layers import (
    LRN,
    AvgPool2d,
    Conv2d,
    Dropout,
    Layer,
    Linear,
    MaxPool2d,
    ReLU,
)
from minifcn.models.backbone import Backbone, BaseNet, NodeList, Tap, chain, classifier_loss, scaled
from minifcn.net import Net

KERNELS = (11, 5, 3, 3, 3)
FC_CHANNELS = 4096
FC6_KERNEL = 6  # pool5 of a whole image is 6 x 6
SMALL_MAP = 3  # fc7 of a 64 x 64 image with padding "same"


class Variant(NamedTuple):
    """What tells the two nets apart."""

    filters: tuple[int, ...]  # of conv1 to conv5
    groups: int  # in conv2, conv4 and conv5
    normalised: bool  # behind pool1 and pool2
    drops_behind: bool  # dropout behind fc6 and fc7, not before them
    pad: int  # of the classifier's conv1


CAFFENET = Variant((96, 256, 384, 384, 256), 2, normalised=True, drops_behind=True, pad=0)
TORCHVISION = Variant((64, 192, 384, 256, 256), 1, normalised=False, drops_behind=False, pad=2)


def alexnet(
    num_classes: int = 1000,
    *,
    width: float = 1.0,
    padding: str = "faithful",
    fc_channels: int | None = None,
) -> Net:
    """Return CaffeNet, the classifier; its scores are the blob `fc8` (N, C).

    Parameters
    ----------
    num_classes : int
    width : float
        Factor on every channel count, which stays even, for the groups.
    padding : "faithful" or "same"
        Faithful: the published net for images of 227 x 227 pixels. Same: a small counterpart for
        64 x 64, where fc6 and fc7 are convolutions already, and their features are averaged.
    fc_channels : int, optional
        Of fc6 and fc7; by default the published 4096 times `width`.

    Source
    ------
    bvlc_reference_caffenet of Caffe's model zoo; footnote 3 of the paper.
    """
    return _classifier(CAFFENET, num_classes, width, padding, fc_channels)


def alexnet_torchvision(
    num_classes: int = 1000,
    *,
    width: float = 1.0,
    padding: str = "faithful",
    fc_channels: int | None = None,
) -> Net:
    """Return torchvision's AlexNet, as `alexnet` but for images of 224 x 224 pixels."""
    return _classifier(TORCHVISION, num_classes, width, padding, fc_channels)


def alexnet_backbone(
    width: float = 1.0,
    *,
    padding: str = "faithful",
    fc_channels: int | None = None,
    in_channels: int = 3,
) -> Backbone:
    """Return the fully convolutional CaffeNet without its classifier.

    The paper builds an FCN-32s on it and no skips. Those of the 16s and the 8s are the last
    features of their stride here, conv5's and conv2's (rectified).

    Parameters
    ----------
    width : float
        Factor on every channel count.
    padding : "faithful" or "same"
        Faithful: 100 pixels around the image, none for fc6, so that an image of any size down to
        one pixel gives an output. Same: 19 pixels, the least that lets any size through, and 3 for
        fc6, for small images.
    fc_channels : int, optional
        As for `alexnet`.
    in_channels : int
        4 for colour and depth in one input.
    """
    return _backbone(CAFFENET, width, padding, fc_channels, in_channels)


def alexnet_torchvision_backbone(
    width: float = 1.0,
    *,
    padding: str = "faithful",
    fc_channels: int | None = None,
    in_channels: int = 3,
) -> Backbone:
    """Return the fully convolutional AlexNet of torchvision, as `alexnet_backbone`."""
    return _backbone(TORCHVISION, width, padding, fc_channels, in_channels)


def alexnet_trunk(variant: Variant, width: float, pad: int, in_channels: int = 3) -> NodeList:
    """Return the layers from conv1 to pool5.

    Parameters
    ----------
    variant : Variant
    width : float
    pad : int
        Of conv1.
    in_channels : int
    """
    layers: list[tuple[str, Layer]] = []
    channels = in_channels
    for number, (kernel, filters) in enumerate(zip(KERNELS, _filters(variant, width), strict=True)):
        n = number + 1
        first = n == 1
        conv = Conv2d(
            channels,
            filters,
            kernel,
            stride=4 if first else 1,
            pad=pad if first else kernel // 2,
            groups=variant.groups if n in (2, 4, 5) else 1,
        )
        layers += [(f"conv{n}", conv), (f"relu{n}", ReLU())]
        if n in (1, 2, 5):
            layers.append((f"pool{n}", MaxPool2d(3, stride=2)))
        if n in (1, 2) and variant.normalised:
            layers.append((f"norm{n}", LRN()))
        channels = filters
    return chain("data", layers)


def _filters(variant: Variant, width: float) -> list[int]:
    """Return the channel counts of conv1 to conv5: multiples of the groups."""
    return [variant.groups * scaled(count // variant.groups, width) for count in variant.filters]


def _top(variant: Variant, fc6: Layer, fc7: Layer) -> NodeList:
    """Return what comes behind pool5, up to the features that classes are told from."""
    fc = [("fc6", fc6), ("relu6", ReLU()), ("drop6", Dropout(0.5)), ("fc7", fc7), ("relu7", ReLU())]
    if variant.drops_behind:
        return chain("pool5", [*fc, ("drop7", Dropout(0.5))])
    return chain("pool5", [("drop5", Dropout(0.5)), *fc])


def _backbone(
    variant: Variant, width: float, padding: str, fc_channels: int | None, in_channels: int = 3
) -> Backbone:
    faithful = padding == "faithful"
    filters, fc = _filters(variant, width), fc_channels or scaled(FC_CHANNELS, width)
    nodes = alexnet_trunk(variant, width, 100 if faithful else 19, in_channels)
    fc6 = Conv2d(filters[-1], fc, FC6_KERNEL, pad=0 if faithful else 3)
    nodes += _top(variant, fc6, Conv2d(fc, fc, 1))
    return Backbone(
        nodes,
        top=Tap(nodes[-1][0], fc),
        skips={16: Tap("relu5", filters[4]), 8: Tap("relu2", filters[1])},
        # The reference's net leaves the multipliers of the convolutions at Caffe's defaults.
        bias_multiplier=(1.0, 1.0),
    )


def _classifier(
    variant: Variant, num_classes: int, width: float, padding: str, fc_channels: int | None
) -> Net:
    fc = fc_channels or scaled(FC_CHANNELS, width)
    if padding == "same":
        nodes = list(_backbone(variant, width, padding, fc_channels).nodes)
        nodes.append(("pool7", AvgPool2d(SMALL_MAP), nodes[-1][0]))
    else:
        features = _filters(variant, width)[-1] * FC6_KERNEL**2
        nodes = alexnet_trunk(variant, width, pad=variant.pad)
        nodes += _top(variant, Linear(features, fc), Linear(fc, fc))
    nodes.append(("fc8", Linear(fc, num_classes), nodes[-1][0]))
    nodes.append(("loss", classifier_loss(), ("fc8", "label")))
    return Net(nodes)


ALEXNET = BaseNet(
    alexnet_backbone, alexnet, image_size=227, fc_channels=FC_CHANNELS, rate_factor=10.0
)
ALEXNET_TORCHVISION = BaseNet(
    alexnet_torchvision_backbone, alexnet_torchvision, fc_channels=FC_CHANNELS, rate_factor=10.0
)
