"""VGG16, configuration D of Simonyan & Zisserman (2014): the paper's best base net.

Thirteen 3 x 3 convolutions in five blocks, each block ending in a 2 x 2 pooling that halves the
map, then fc6, fc7 and fc8. `vgg16` is the classifier; `vgg16_backbone` the same layers made fully
convolutional (section 4.1): fc6 becomes a 7 x 7 convolution, fc7 a 1 x 1, fc8 is cut off.
"""

from __future__ import annotations

from minifcn.layers import AvgPool2d, Conv2d, Dropout, Linear, MaxPool2d, ReLU
from minifcn.models.backbone import (
    SMALL_IMAGE_SIZE,
    Backbone,
    BaseNet,
    NodeList,
    Tap,
    classifier_loss,
    scaled,
)
from minifcn.net import Net

# For each block, how many convolutions of how many channels.
BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
FC_CHANNELS = 4096
FC6_KERNEL = 7  # pool5 of a 224 x 224 image is 7 x 7
FC_KERNELS = (2, 3, 4)  # those that can be spread evenly over 7 pixels


def vgg16_trunk(width: float, pad: int, in_channels: int = 3) -> NodeList:
    """Return the layers from conv1_1 to pool5.

    Parameters
    ----------
    width : float
        Factor on every channel count; 1 is the published net.
    pad : int
        Of conv1_1: 1 for the classifier, 100 for the paper's FCNs.
    in_channels : int
    """
    nodes: NodeList = []
    bottom, channels = "data", in_channels
    for block, (convolutions, filters) in enumerate(BLOCKS, start=1):
        for number in range(1, convolutions + 1):
            name, rectified = f"conv{block}_{number}", f"relu{block}_{number}"
            margin = pad if name == "conv1_1" else 1
            nodes.append((name, Conv2d(channels, scaled(filters, width), 3, pad=margin), bottom))
            nodes.append((rectified, ReLU(), name))
            bottom, channels = rectified, scaled(filters, width)
        nodes.append((f"pool{block}", MaxPool2d(2), bottom))
        bottom = f"pool{block}"
    return nodes


def vgg16_backbone(
    width: float = 1.0,
    *,
    padding: str = "faithful",
    fc_channels: int | None = None,
    fc_kernel: int = FC6_KERNEL,
    in_channels: int = 3,
) -> Backbone:
    """Return the fully convolutional VGG16 without its classifier.

    Parameters
    ----------
    width : float
        Factor on every channel count.
    padding : "faithful" or "same"
        Faithful: 100 pixels around the image, none for fc6, so that an image of any size down to
        one pixel gives an output. Same: every convolution keeps the size of its map, which costs
        far less for small images.
    fc_channels : int, optional
        Of fc6 and fc7; by default the published 4096 times `width`.
    fc_kernel : int
        Weights of fc6 each way, spread evenly over the 7 pixels of the published kernel, so that
        all positions and crops stay as they are. 3 takes what DeepLab-LargeFOV's takes (Chen et
        al. 2015: 3 x 3 at stride 8, 12 apart), every 96 pixels of the image.
    in_channels : int
        4 for colour and depth in one input.
    """
    faithful = padding == "faithful"
    fc = fc_channels or scaled(FC_CHANNELS, width)
    features = scaled(BLOCKS[-1][1], width)
    margin = 0 if faithful else FC6_KERNEL // 2
    if fc_kernel not in (*FC_KERNELS, FC6_KERNEL):
        raise ValueError(f"fc_kernel must be one of {FC_KERNELS} or {FC6_KERNEL}, not {fc_kernel}")
    dilation = (FC6_KERNEL - 1) // (fc_kernel - 1)
    nodes = vgg16_trunk(width, 100 if faithful else 1, in_channels)
    nodes += [
        ("fc6", Conv2d(features, fc, fc_kernel, pad=margin, dilation=dilation), "pool5"),
        ("relu6", ReLU(), "fc6"),
        ("drop6", Dropout(0.5), "relu6"),
        ("fc7", Conv2d(fc, fc, 1), "drop6"),
        ("relu7", ReLU(), "fc7"),
        ("drop7", Dropout(0.5), "relu7"),
    ]
    skips = {
        16: Tap("pool4", scaled(BLOCKS[3][1], width), 0.01),
        8: Tap("pool3", scaled(BLOCKS[2][1], width), 0.0001),
    }
    return Backbone(nodes, top=Tap("drop7", fc), skips=skips)


def vgg16(
    num_classes: int = 1000,
    *,
    width: float = 1.0,
    padding: str = "faithful",
    fc_channels: int | None = None,
) -> Net:
    """Return the classifier; its scores are the blob `fc8` (N, C).

    Parameters
    ----------
    num_classes : int
    width : float
        Factor on every channel count.
    padding : "faithful" or "same"
        Faithful: the published net for images of 224 x 224 pixels, fc6 and fc7 fully connected.
        Same: a small counterpart for 64 x 64, where pool5 is 2 x 2: fc6 and fc7 are convolutions
        already, and their features are averaged over the map.
    fc_channels : int, optional
        As for `vgg16_backbone`.
    """
    if padding == "same":
        backbone = vgg16_backbone(width, padding="same", fc_channels=fc_channels)
        nodes, fc = list(backbone.nodes), backbone.top.channels
        nodes.append(("pool7", AvgPool2d(SMALL_IMAGE_SIZE // 32), "drop7"))
        nodes.append(("fc8", Linear(fc, num_classes), "pool7"))
    else:
        fc = fc_channels or scaled(FC_CHANNELS, width)
        features = scaled(BLOCKS[-1][1], width) * FC6_KERNEL**2
        nodes = vgg16_trunk(width, pad=1)
        nodes += [
            ("fc6", Linear(features, fc), "pool5"),
            ("relu6", ReLU(), "fc6"),
            ("drop6", Dropout(0.5), "relu6"),
            ("fc7", Linear(fc, fc), "drop6"),
            ("relu7", ReLU(), "fc7"),
            ("drop7", Dropout(0.5), "relu7"),
            ("fc8", Linear(fc, num_classes), "drop7"),
        ]
    nodes.append(("loss", classifier_loss(), ("fc8", "label")))
    return Net(nodes)


VGG16 = BaseNet(vgg16_backbone, vgg16, fc_channels=FC_CHANNELS, fc_kernels=FC_KERNELS)
