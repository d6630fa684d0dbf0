"""The backbones: their published layers, and the classifier inside their convolutional version."""

from typing import NamedTuple

import numpy as np
import pytest
from helpers.described import line, table
from helpers.drawn import draw_all, image

from minifcn.layers import AvgPool2d, Dropout, Linear
from minifcn.models import ModelSpec, build
from minifcn.models import alexnet as alex
from minifcn.models import googlenet as google
from minifcn.models import vgg16 as vgg
from minifcn.models.backbone import Backbone, NodeList, Tap
from minifcn.models.build import BACKBONES, base_net
from minifcn.models.fcn import fcn
from minifcn.net import Net
from minifcn.net.summary import count_parameters
from minifcn.weights.surgery import transplant

NARROW = 1 / 16


def lines(nodes: NodeList) -> list[str]:
    return [line(*node, filters=True) for node in nodes]


def rectified(rows: list[str]) -> list[str]:
    """Put a ReLU behind each convolution of a chain, and let the next layer read it."""
    found: list[str] = []
    bottom = "data"
    for row in rows:
        name = row.partition(" ")[0]
        found.append(f"{row} of {bottom}")
        bottom = name
        if name.startswith("conv"):
            bottom = name.replace("conv", "relu")
            found.append(f"{bottom} = ReLU of {name}")
    return found


# Table 1 of Simonyan & Zisserman, column D; Caffe rounds poolings up.
VGG16 = [
    f"conv{block}_{number} = Conv2d 3/1 pad 1 to {filters}" if number else f"pool{block} = POOL"
    for block, count, filters in ((1, 2, 64), (2, 2, 128), (3, 3, 256), (4, 3, 512), (5, 3, 512))
    for number in (*range(1, count + 1), 0)
]
CAFFENET = """
    conv1 = Conv2d 11/4 pad 7 to 96
    pool1 = MaxPool2d 3/2 ceil
    norm1 = LRN 5 0.0001 0.75 1.0
    conv2 = Conv2d 5/1 pad 2 in 2 to 256
    pool2 = MaxPool2d 3/2 ceil
    norm2 = LRN 5 0.0001 0.75 1.0
    conv3 = Conv2d 3/1 pad 1 to 384
    conv4 = Conv2d 3/1 pad 1 in 2 to 384
    conv5 = Conv2d 3/1 pad 1 in 2 to 256
    pool5 = MaxPool2d 3/2 ceil
"""
TORCHVISION = """
    conv1 = Conv2d 11/4 pad 7 to 64
    pool1 = MaxPool2d 3/2 ceil
    conv2 = Conv2d 5/1 pad 2 to 192
    pool2 = MaxPool2d 3/2 ceil
    conv3 = Conv2d 3/1 pad 1 to 384
    conv4 = Conv2d 3/1 pad 1 to 256
    conv5 = Conv2d 3/1 pad 1 to 256
    pool5 = MaxPool2d 3/2 ceil
"""


@pytest.mark.parametrize(
    ("trunk", "published"),
    [
        (vgg.vgg16_trunk(1.0, 1), [row.replace("POOL", "MaxPool2d 2/2 ceil") for row in VGG16]),
        (alex.alexnet_trunk(alex.CAFFENET, 1.0, pad=7), table(CAFFENET)),
        (alex.alexnet_trunk(alex.TORCHVISION, 1.0, pad=7), table(TORCHVISION)),
    ],
)
def test_the_layers_of_the_chains(trunk, published):
    assert lines(trunk) == rectified(published)


# GoogLeNet in Caffe; in torchvision the kernel of the branch 5x5 is 3 x 3, and pool4 is 2 x 2.
STEM = """
    conv1/7x7_s2 = Conv2d 7/2 pad 3 to 64 of data
    conv1/relu_7x7 = ReLU of conv1/7x7_s2
    pool1/3x3_s2 = MaxPool2d 3/2 ceil of conv1/relu_7x7
    pool1/norm1 = LRN 5 0.0001 0.75 1.0 of pool1/3x3_s2
    conv2/3x3_reduce = Conv2d 1/1 to 64 of pool1/norm1
    conv2/relu_3x3_reduce = ReLU of conv2/3x3_reduce
    conv2/3x3 = Conv2d 3/1 pad 1 to 192 of conv2/relu_3x3_reduce
    conv2/relu_3x3 = ReLU of conv2/3x3
    conv2/norm2 = LRN 5 0.0001 0.75 1.0 of conv2/relu_3x3
    pool2/3x3_s2 = MaxPool2d 3/2 ceil of conv2/norm2
"""
MODULE = """
    {0}/1x1 = Conv2d 1/1 to {2} of {1}
    {0}/relu_1x1 = ReLU of {0}/1x1
    {0}/3x3_reduce = Conv2d 1/1 to {3} of {1}
    {0}/relu_3x3_reduce = ReLU of {0}/3x3_reduce
    {0}/3x3 = Conv2d 3/1 pad 1 to {4} of {0}/relu_3x3_reduce
    {0}/relu_3x3 = ReLU of {0}/3x3
    {0}/5x5_reduce = Conv2d 1/1 to {5} of {1}
    {0}/relu_5x5_reduce = ReLU of {0}/5x5_reduce
    {0}/5x5 = Conv2d 5/1 pad 2 to {6} of {0}/relu_5x5_reduce
    {0}/relu_5x5 = ReLU of {0}/5x5
    {0}/pool = MaxPool2d 3/1 pad 1 ceil of {1}
    {0}/pool_proj = Conv2d 1/1 to {7} of {0}/pool
    {0}/relu_pool_proj = ReLU of {0}/pool_proj
    {0}/output = Concat of {0}/relu_1x1, {0}/relu_3x3, {0}/relu_5x5, {0}/relu_pool_proj
"""
# Table 1 of Szegedy et al.
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


def test_the_layers_of_googlenet():
    published, bottom = table(STEM), "pool2/3x3_s2"
    for module, channels in MODULES.items():
        name = f"inception_{module}"
        published += table(MODULE.format(name, bottom, *channels))
        bottom = f"{name}/output"
        if module in ("3b", "4e"):
            pool = f"pool{int(module[0])}/3x3_s2"
            published.append(f"{pool} = MaxPool2d 3/2 ceil of {bottom}")
            bottom = pool
    assert lines(google.googlenet_trunk(google.BVLC, 1.0, pad=3)) == published
    torchvision = [
        row.replace("pool1/norm1", "pool1/3x3_s2")
        .replace("conv2/norm2", "conv2/relu_3x3")
        .replace("pool4/3x3_s2 = MaxPool2d 3", "pool4/2x2_s2 = MaxPool2d 2")
        .replace("pool4/3x3_s2", "pool4/2x2_s2")
        .replace("Conv2d 5/1 pad 2", "Conv2d 3/1 pad 1")
        for row in published
        if "= LRN" not in row
    ]
    assert lines(google.googlenet_trunk(google.TORCHVISION, 1.0, pad=3)) == torchvision


class Published(NamedTuple):
    """What is known of a classifier, and of the FCN-8s built on its backbone."""

    parameters: int
    size: int  # of its images, each way
    maps: dict[str, int]  # their sizes for such an image
    order: list[str]  # its dropouts and inner products
    dropout: float
    fields: dict[str, tuple[int, int]]  # receptive fields and strides of the FCN
    top: Tap  # of the backbone at half the width
    skips: dict[int, Tap]


FC = ["fc6", "drop6", "fc7", "drop7", "fc8"]
GOOGLE_FC = ["pool5/drop_7x7_s1", "loss3/classifier"]
GOOGLE_MAPS = {"pool1/3x3_s2": 56, "pool2/3x3_s2": 28, "pool3/3x3_s2": 14}
ALEX_MAPS = {"conv1": 55, "pool1": 27, "pool2": 13, "pool5": 6}
ALEX_FIELDS = {"relu2": (51, 8), "relu5": (163, 16), "pool5": (195, 32), "score_fr": (355, 32)}
LAST = {"pool5/7x7_s1": 1}
PUBLISHED = {
    "vgg16": Published(
        138_357_544,
        224,
        {"pool1": 112, "pool2": 56, "pool3": 28, "pool4": 14, "pool5": 7},
        FC,
        0.5,
        {"pool3": (44, 8), "pool4": (100, 16), "pool5": (212, 32), "score_fr": (404, 32)},
        Tap("drop7", 2048),
        {16: Tap("pool4", 256, 0.01), 8: Tap("pool3", 128, 0.0001)},
    ),
    "alexnet": Published(
        60_965_224,
        227,
        ALEX_MAPS,
        FC,
        0.5,
        ALEX_FIELDS,
        Tap("drop7", 2048),
        {16: Tap("relu5", 128), 8: Tap("relu2", 128)},
    ),
    "alexnet-torchvision": Published(
        61_100_840,
        224,
        ALEX_MAPS,
        ["drop5", "fc6", "drop6", "fc7", "fc8"],
        0.5,
        ALEX_FIELDS,
        Tap("relu7", 2048),
        {16: Tap("relu5", 128), 8: Tap("relu2", 96)},
    ),
    "googlenet": Published(
        6_998_552,
        224,
        {**GOOGLE_MAPS, "pool4/3x3_s2": 7, **LAST},
        GOOGLE_FC,
        0.4,
        {"inception_3b/output": (91, 8), "inception_4e/output": (427, 16), "score_fr": (715, 32)},
        Tap("pool5/drop_7x7_s1", 512),
        {
            16: Tap("inception_4e/output", 416, 0.4, True),
            8: Tap("inception_3b/output", 240, 0.15, True),
        },
    ),
    # torchvision's 6,624,904 have two numbers of batch normalisation where a bias remains.
    "googlenet-torchvision": Published(
        6_624_904 - 7_280,
        224,
        {**GOOGLE_MAPS, "pool4/2x2_s2": 7, **LAST},
        GOOGLE_FC,
        0.2,
        {"inception_3b/output": (59, 8), "inception_4e/output": (235, 16), "score_fr": (379, 32)},
        Tap("pool5/drop_7x7_s1", 512),
        {16: Tap("inception_4e/output", 416), 8: Tap("inception_3b/output", 240)},
    ),
}
each_backbone = pytest.mark.parametrize("name", BACKBONES)


@pytest.mark.host  # sizes alone: nothing is computed
@each_backbone
def test_the_classifier_is_the_published_one(name):
    published, net = PUBLISHED[name], build(ModelSpec("classifier", name, 1000))
    assert count_parameters(net) == published.parameters
    shapes = net.shapes(data=(2, 3, published.size, published.size), label=(2,))
    assert {blob: shapes[blob][2] for blob in published.maps} == published.maps
    assert shapes[base_net(name).last_layer] == (2, 1000) and shapes["loss"] == ()
    top = [node for node in net.nodes if isinstance(node.layer, (Dropout, Linear))]
    assert [node.name for node in top] == published.order
    ratios = {node.layer.ratio for node in top if isinstance(node.layer, Dropout)}
    assert ratios == {published.dropout}
    with pytest.raises(ValueError, match=r"layer (fc6|loss3/classifier): .* expected \d+ values"):
        net.shapes(data=(2, 3, 288, 288))


@each_backbone
def test_the_small_classifier_averages_the_features_of_64_pixels(name):
    net = build(ModelSpec("classifier", name, 5, NARROW, "same"))
    shapes = net.shapes(data=(2, 3, 64, 64))
    pool = next(node.name for node in net.nodes if isinstance(node.layer, AvgPool2d))
    assert shapes[pool][2:] == (1, 1) and shapes[base_net(name).last_layer] == (2, 5)


@each_backbone
def test_the_receptive_fields(name):
    fields = build(ModelSpec("fcn8s", name, width=NARROW)).receptive_fields()
    found = {blob: fields[blob] for blob in PUBLISHED[name].fields}
    assert found == PUBLISHED[name].fields and fields["score"].stride == 1


def test_with_the_average_pooling_googlenet_s_is_that_of_the_paper_s_table_1():
    net = google.googlenet(5, width=NARROW)
    assert net.receptive_fields()["pool5/7x7_s1"] == (907, 32)


@each_backbone
def test_the_backbone_says_where_scores_are_predicted_from(name):
    backbone = base_net(name).backbone(0.5)
    assert (backbone.top, backbone.skips) == (PUBLISHED[name].top, PUBLISHED[name].skips)
    shapes = Net(backbone.nodes).shapes(data=(1, 3, 320, 320))
    for tap in (backbone.top, *backbone.skips.values()):
        assert shapes[tap.blob][1] == tap.channels
        assert tap.name == tap.blob.split("/")[0]


@pytest.mark.parametrize("width", [1 / 100, 1 / 8, 0.3, 0.5])
@each_backbone
def test_the_width_multiplies_every_channel_count_and_leaves_at_least_one(name, width):
    def filters(width: float) -> list[int]:
        nodes = base_net(name).backbone(width).nodes
        return [len(p) for _, layer, _ in nodes for p in layer.params.values() if p.ndim == 4]

    pairs = [2, 2, 2, 2, 2] if name == "alexnet" else []  # even, for its groups
    factors = pairs + [1] * (len(filters(1.0)) - len(pairs))
    assert filters(width) == [
        factor * max(1, round(count / factor * width))
        for count, factor in zip(filters(1.0), factors, strict=True)
    ]


@pytest.mark.parametrize(
    ("name", "padding", "first", "fc6"),
    [
        ("vgg16", "faithful", 100, 0),
        ("vgg16", "same", 1, 3),
        ("alexnet", "faithful", 100, 0),
        ("alexnet", "same", 19, 3),
        ("googlenet", "faithful", 3, None),
        ("googlenet", "same", 18, None),
    ],
)
def test_the_margins_of_the_convolutional_version(name, padding, first, fc6):
    layers = {node: layer for node, layer, _ in base_net(name).backbone(1.0, padding=padding).nodes}
    assert not any(isinstance(layer, (Linear, AvgPool2d)) for layer in layers.values())
    assert next(iter(layers.values())).window.pad == (first, first)
    if fc6 is not None:
        side = 7 if name == "vgg16" else 6
        assert layers["fc6"].params["weight"].shape[2:] == (side, side)
        assert layers["fc6"].window.pad == (fc6, fc6)
        assert layers["fc7"].params["weight"].shape == (4096, 4096, 1, 1)


@each_backbone
def test_the_convolutional_version_gives_the_classifiers_features(name):
    # Section 3.1 of the paper: an inner product is a convolution that covers its whole input. In
    # the middle of the map the filter of fc6 lies over the whole of pool5, as in the classifier.
    google_like, last = name.startswith("googlenet"), base_net(name).last_layer
    classifier = draw_all(build(ModelSpec("classifier", name, 5, 1 / 32)))
    padding = "same" if name == "vgg16" else "faithful"
    nodes = list(base_net(name).backbone(1 / 32, padding=padding).nodes)
    if name.startswith("alexnet"):
        variant = alex.CAFFENET if name == "alexnet" else alex.TORCHVISION
        trunk = alex.alexnet_trunk(variant, 1 / 32, pad=variant.pad)
        nodes[: len(trunk)] = trunk
    convolutional = Net(nodes)
    report = transplant(convolutional.params, classifier.params, may_be_unexpected=[f"{last}/*"])
    reshaped = [] if google_like else ["fc6/weight", "fc7/weight"]
    assert [match.address for match in report.reshaped] == reshaped
    size = base_net(name).image_size
    data = {"data": image(1, 3, size, size).astype(np.float32)}
    blob = "inception_5b/output" if google_like else "relu7"
    expected = classifier.forward(data, outputs=[blob])[0][blob]
    found = convolutional.forward(data, outputs=[blob])[0][blob]
    if not google_like:
        middle = found.shape[2] // 2
        found = found[:, :, middle, middle]
    assert found.shape == expected.shape and expected.any()
    # The same sums in another order, in float32.
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_without_padding_alexnet_s_fully_convolutional_net_gives_the_paper_s_grid():
    # Section 3.1: 10 x 10 outputs from 500 x 500 pixels.
    nodes = alex.alexnet_backbone(NARROW).nodes
    nodes[:15] = alex.alexnet_trunk(alex.CAFFENET, NARROW, pad=0)
    assert Net(nodes).shapes(data=(1, 3, 500, 500))["fc6"][2:] == (10, 10)


# GoogLeNet needs no padding of a hundred pixels, for no window must fit into its last map.


def with_padding(pad: int, arch: str = "fcn32s") -> Net:
    """Return an FCN of Caffe's GoogLeNet with another padding around the image."""
    backbone = google.googlenet_backbone(NARROW)
    trunk = google.googlenet_trunk(google.BVLC, NARROW, pad)
    return fcn(Backbone([*trunk, *backbone.nodes[len(trunk) :]], *backbone[1:]), arch, 21)


@pytest.mark.parametrize(
    ("pad", "offset", "sizes"),
    [(3, 1, [250, 125, 62, 31, 15, 511]), (100, 98, [347, 173, 86, 43, 21, 703])],
)
def test_the_sizes_of_googlenet_s_maps_for_the_paper_s_image(pad, offset, sizes):
    net = with_padding(pad)
    shapes = net.shapes(data=(1, 3, 500, 375))
    names = ["conv1/7x7_s2", *(f"pool{n}/3x3_s2" for n in range(1, 5)), "upscore"]
    assert [shapes[name][2] for name in names] == sizes
    assert net.layer("score").offset == (offset, offset)


each_googlenet = pytest.mark.parametrize(
    ("name", "smallest"), [("googlenet", 31), ("googlenet-torchvision", 15)]
)


@pytest.mark.parametrize("arch", ["fcn32s", "fcn16s", "fcn8s"])
@each_googlenet
def test_its_own_padding_takes_every_size_from_the_smallest_on(name, smallest, arch):
    net, padded = build(ModelSpec(arch, name, width=NARROW)), with_padding(100, arch)
    for height in range(smallest, 301):
        width = smallest + 300 - height
        assert net.shapes(data=(1, 3, height, width))["score"][2:] == (height, width)
    for height in range(1, 81):
        assert padded.shapes(data=(1, 3, height, 81 - height))["score"][2:] == (height, 81 - height)


@each_googlenet
def test_an_image_that_is_too_small_is_refused_by_the_layer_that_finds_nothing(name, smallest):
    net = build(ModelSpec("fcn32s", name, width=NARROW))
    message = r"^layer pool\d/.x._s2: pooling: a window of .* does not fit into an image of"
    for height in range(1, smallest):
        with pytest.raises(ValueError, match=message):
            net.shapes(data=(1, 3, height, 60))
    with pytest.raises(ValueError, match=message):
        net.forward({"data": np.zeros((1, 3, smallest - 1, 60), np.float32)}, outputs=["score"])
