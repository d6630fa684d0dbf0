"""GoogLeNet: the published layers of both variants, and what an FCN is built on."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.drawn import draw_all, image

from minifcn.layers import LRN, AvgPool2d, Concat, Conv2d, Dropout, MaxPool2d
from minifcn.models import ModelSpec, build
from minifcn.models.backbone import Backbone, Tap
from minifcn.models.fcn import fcn
from minifcn.models.googlenet import (
    BVLC,
    TORCHVISION,
    googlenet,
    googlenet_backbone,
    googlenet_torchvision,
    googlenet_torchvision_backbone,
    googlenet_trunk,
)
from minifcn.net import Net
from minifcn.net.summary import count_parameters
from minifcn.weights.surgery import transplant

NARROW = 1 / 16
VARIANTS = ("googlenet", "googlenet-torchvision")
each_variant = pytest.mark.parametrize("backbone", VARIANTS)

# Table 1 of Szegedy et al.: the output channels of each module.
MODULE_CHANNELS = {
    "3a": 256,
    "3b": 480,
    "4a": 512,
    "4b": 512,
    "4c": 512,
    "4d": 528,
    "4e": 832,
    "5a": 832,
    "5b": 1024,
}


def with_padding(pad: int, arch: str = "fcn32s", width: float = NARROW) -> Net:
    """Return an FCN of Caffe's GoogLeNet with another padding around the image."""
    backbone = googlenet_backbone(width)
    trunk = googlenet_trunk(BVLC, width, pad)
    return fcn(Backbone([*trunk, *backbone.nodes[len(trunk) :]], *backbone[1:]), arch, 21)


def test_the_first_layers_are_caffe_s():
    names = [name for name, _, _ in googlenet_trunk(BVLC, NARROW, pad=3)]
    stem = [
        *("conv1/7x7_s2", "conv1/relu_7x7", "pool1/3x3_s2", "pool1/norm1"),
        *("conv2/3x3_reduce", "conv2/relu_3x3_reduce", "conv2/3x3", "conv2/relu_3x3"),
        *("conv2/norm2", "pool2/3x3_s2"),
    ]
    assert names[:10] == stem
    assert [name for name in names if name.startswith("inception_3a")] == [
        *("inception_3a/1x1", "inception_3a/relu_1x1"),
        *("inception_3a/3x3_reduce", "inception_3a/relu_3x3_reduce"),
        *("inception_3a/3x3", "inception_3a/relu_3x3"),
        *("inception_3a/5x5_reduce", "inception_3a/relu_5x5_reduce"),
        *("inception_3a/5x5", "inception_3a/relu_5x5"),
        *("inception_3a/pool", "inception_3a/pool_proj", "inception_3a/relu_pool_proj"),
        "inception_3a/output",
    ]
    torchvision = [name for name, _, _ in googlenet_trunk(TORCHVISION, NARROW, pad=3)]
    expected = [name for name in names if "norm" not in name]
    assert torchvision == [name.replace("pool4/3x3", "pool4/2x2") for name in expected]


def test_a_module_puts_its_four_branches_behind_each_other():
    nodes = {name: (layer, bottoms) for name, layer, bottoms in googlenet_trunk(BVLC, 1.0, pad=3)}
    layer, bottoms = nodes["inception_4e/output"]
    assert isinstance(layer, Concat)
    assert bottoms == [
        f"inception_4e/relu_{branch}" for branch in ("1x1", "3x3", "5x5", "pool_proj")
    ]
    starts = [name for name, (_, bottom) in nodes.items() if bottom == "inception_4d/output"]
    branches = ("1x1", "3x3_reduce", "5x5_reduce", "pool")
    assert starts == [f"inception_4e/{branch}" for branch in branches]
    assert nodes["inception_5a/1x1"][1] == "pool4/3x3_s2"


@pytest.mark.parametrize(("variant", "kernel"), [(BVLC, 5), (TORCHVISION, 3)], ids=VARIANTS)
def test_the_convolutions(variant, kernel):
    layers = {name: layer for name, layer, _ in googlenet_trunk(variant, 1.0, pad=7)}
    convolutions = {name: layer for name, layer in layers.items() if isinstance(layer, Conv2d)}
    assert len(convolutions) == 57
    first = convolutions.pop("conv1/7x7_s2")
    assert first.window[:3] == ((7, 7), (2, 2), (7, 7))
    for name, layer in convolutions.items():
        size = {"3x3": 3, "5x5": kernel}.get(name.rpartition("/")[2], 1)
        assert layer.window[:3] == ((size, size), (1, 1), (size // 2, size // 2)), name
    assert convolutions["inception_3a/5x5"].params["weight"].shape == (32, 16, kernel, kernel)


@pytest.mark.parametrize(("variant", "pool4"), [(BVLC, 3), (TORCHVISION, 2)], ids=VARIANTS)
def test_the_poolings_and_the_normalisations(variant, pool4):
    layers = {name: layer for name, layer, _ in googlenet_trunk(variant, NARROW, pad=3)}
    for name, layer in layers.items():
        if isinstance(layer, MaxPool2d):
            inside = name.startswith("inception")
            size = pool4 if name.startswith("pool4") else 3
            expected = ((size, size), (1, 1), (1, 1)) if inside else ((size, size), (2, 2), (0, 0))
            assert layer.window == (*expected, True), name
    norms = [(n.local_size, n.alpha, n.beta, n.k) for n in layers.values() if isinstance(n, LRN)]
    assert norms == ([(5, 1e-4, 0.75, 1.0)] * 2 if variant is BVLC else [])


def test_the_number_of_parameters():
    assert count_parameters(googlenet()) == 6_998_552
    assert count_parameters(build(ModelSpec("fcn32s", "googlenet"))) == 5_995_077
    # torchvision's 6,624,904 have two numbers of batch normalisation where a bias remains.
    biases = sum(p.size for a, p in googlenet().params.items() if a.endswith("bias")) - 1000
    assert count_parameters(googlenet_torchvision()) == 6_624_904 - biases


@pytest.mark.parametrize(("net", "ratio"), [(googlenet, 0.4), (googlenet_torchvision, 0.2)])
def test_the_classifier_averages_the_last_map_of_224_pixels(net, ratio):
    net = net(10, width=NARROW)
    shapes = net.shapes(data=(2, 3, 224, 224), label=(2,))
    stride_2 = [name for name in shapes if name.startswith("pool") and name.endswith("_s2")]
    assert [shapes[name][2] for name in stride_2] == [56, 28, 14, 7]
    assert shapes["pool5/7x7_s1"] == (2, 64, 1, 1)
    assert shapes["loss3/classifier"] == (2, 10) and shapes["loss"] == ()
    assert [n.layer.ratio for n in net.nodes if isinstance(n.layer, Dropout)] == [ratio]
    with pytest.raises(ValueError, match=r"layer loss3/classifier: .* expected 64 values"):
        net.shapes(data=(2, 3, 256, 256))


@each_variant
def test_the_small_classifier_averages_the_last_map_of_64_pixels(backbone):
    net = build(ModelSpec("classifier", backbone, 5, NARROW, "same"))
    shapes = net.shapes(data=(2, 3, 64, 64))
    assert shapes["inception_5b/output"][2:] == (2, 2)
    assert shapes["pool5/7x7_s1"][2:] == (1, 1) and shapes["loss3/classifier"] == (2, 5)


@each_variant
def test_the_fcn_drops_the_average_and_the_classifier_and_keeps_the_dropout(backbone):
    net = build(ModelSpec("fcn32s", backbone, width=NARROW))
    assert not any(isinstance(node.layer, AvgPool2d) for node in net.nodes)
    assert not any(address.startswith("loss3") for address in net.params)
    bottoms = {node.name: node.bottoms for node in net.nodes}
    assert bottoms["pool5/drop_7x7_s1"] == ("inception_5b/output",)
    assert bottoms["score_fr"] == ("pool5/drop_7x7_s1",)


def test_the_receptive_fields():
    fields = build(ModelSpec("fcn8s", "googlenet", width=NARROW)).receptive_fields()
    assert fields["score_fr"] == (715, 32)
    assert fields["inception_4e/output"].stride == 16
    assert fields["inception_3b/output"].stride == 8
    assert fields["score"].stride == 1
    # With the average pooling it would be the 907 of the paper's Table 1.
    assert googlenet(5, width=NARROW).receptive_fields()["pool5/7x7_s1"] == (907, 32)


@pytest.mark.parametrize(
    ("pad", "offset", "sizes"),
    [
        (3, 1, [250, 125, 62, 31, 15, 511]),
        (100, 98, [347, 173, 86, 43, 21, 703]),
    ],
)
def test_the_sizes_of_all_maps_for_the_paper_s_image(pad, offset, sizes):
    net = with_padding(pad)
    shapes = net.shapes(data=(1, 3, 500, 375))
    names = ["conv1/7x7_s2", *(f"pool{n}/3x3_s2" for n in range(1, 5)), "upscore"]
    assert [shapes[name][2] for name in names] == sizes
    assert net.layer("score").offset == (offset, offset)


@pytest.mark.parametrize("arch", ["fcn32s", "fcn16s", "fcn8s"])
def test_with_the_padding_of_the_other_nets_every_size_has_scores(arch):
    net = with_padding(100, arch)
    for height in range(1, 81):
        assert net.shapes(data=(1, 3, height, 81 - height))["score"][2:] == (height, 81 - height)


@pytest.mark.parametrize("arch", ["fcn32s", "fcn16s", "fcn8s"])
@pytest.mark.parametrize(("backbone", "smallest"), [(VARIANTS[0], 31), (VARIANTS[1], 15)])
def test_the_own_padding_takes_every_size_from_the_smallest_on(backbone, smallest, arch):
    net = build(ModelSpec(arch, backbone, width=NARROW))
    for height in range(smallest, 301):
        width = smallest + 300 - height
        assert net.shapes(data=(1, 3, height, width))["score"][2:] == (height, width)


@pytest.mark.parametrize(("backbone", "smallest"), [(VARIANTS[0], 31), (VARIANTS[1], 15)])
def test_an_image_that_is_too_small_is_refused_by_the_layer_that_finds_nothing(backbone, smallest):
    net = build(ModelSpec("fcn32s", backbone, width=NARROW))
    message = r"^layer pool\d/.x._s2: pooling: a window of .* does not fit into an image of"
    for height in range(1, smallest):
        with pytest.raises(ValueError, match=message):
            net.shapes(data=(1, 3, height, 60))
    with pytest.raises(ValueError, match=message):
        net.forward({"data": np.zeros((1, 3, smallest - 1, 60), np.float32)}, outputs=["score"])


@pytest.mark.parametrize(
    ("backbone", "scales"),
    [(googlenet_backbone, (0.4, 0.15)), (googlenet_torchvision_backbone, (1, 1))],
    ids=VARIANTS,
)
def test_the_backbone_says_where_scores_are_predicted_from(backbone, scales):
    backbone = backbone(0.5)
    assert backbone.top == Tap("pool5/drop_7x7_s1", 512)
    assert backbone.skips == {
        16: Tap("inception_4e/output", 416, scales[0]),
        8: Tap("inception_3b/output", 240, scales[1]),
    }
    assert [tap.name for tap in backbone.skips.values()] == ["inception_4e", "inception_3b"]


@pytest.mark.parametrize("width", [1 / 100, 1 / 8, 0.3, 1.0])
def test_the_width_multiplies_every_channel_count_and_leaves_at_least_one(width):
    nodes = googlenet_trunk(BVLC, width, pad=3)
    wide = {name: layer for name, layer, _ in googlenet_trunk(BVLC, 1.0, pad=3)}
    for name, layer, _ in nodes:
        if isinstance(layer, Conv2d):
            filters = len(wide[name].params["weight"])
            assert len(layer.params["weight"]) == max(1, round(filters * width)), name
    shapes = Net(nodes).shapes(data=(1, 3, 64, 64))
    found = {module: shapes[f"inception_{module}/output"][1] for module in MODULE_CHANNELS}
    if width == 1:
        assert found == MODULE_CHANNELS


@each_variant
def test_the_convolutional_version_gives_the_classifiers_features(backbone):
    classifier = draw_all(build(ModelSpec("classifier", backbone, 5, NARROW)))
    convolutional = build(ModelSpec("fcn8s", backbone, 3, NARROW))
    report = transplant(
        convolutional.params,
        classifier.params,
        may_be_missing=["score*", "upscore*"],
        may_be_unexpected=["loss3/classifier/*"],
    )
    assert not report.reshaped and len(report.loaded) == 2 * 57
    data = {"data": image(1, 3, 224, 224).astype(np.float32)}
    last = "inception_5b/output"
    expected = classifier.forward(data, outputs=[last])[0][last]
    found = convolutional.forward(data, outputs=[last])[0][last]
    assert expected.any()
    np.testing.assert_array_equal(found, expected)
