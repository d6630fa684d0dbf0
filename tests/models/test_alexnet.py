"""AlexNet: the published layers of both variants, their alignment, and the classifier inside."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.drawn import draw_all, image

from minifcn.layers import LRN, Conv2d, Dropout, Linear, MaxPool2d
from minifcn.models import ModelSpec, build
from minifcn.models.alexnet import (
    CAFFENET,
    TORCHVISION,
    alexnet,
    alexnet_backbone,
    alexnet_torchvision,
    alexnet_torchvision_backbone,
    alexnet_trunk,
)
from minifcn.models.backbone import Tap
from minifcn.net import Net
from minifcn.net.summary import count_parameters
from minifcn.weights.surgery import transplant

NARROW = 1 / 32
VARIANTS = ("alexnet", "alexnet-torchvision")
each_variant = pytest.mark.parametrize("backbone", VARIANTS)


def test_the_layers_are_caffe_s_pooling_before_normalisation():
    names = [name for name, _, _ in alexnet_trunk(CAFFENET, 1.0, pad=0)]
    assert names == [
        *("conv1", "relu1", "pool1", "norm1"),
        *("conv2", "relu2", "pool2", "norm2"),
        *("conv3", "relu3", "conv4", "relu4"),
        *("conv5", "relu5", "pool5"),
    ]
    torchvision = [name for name, _, _ in alexnet_trunk(TORCHVISION, 1.0, pad=2)]
    assert torchvision == [name for name in names if not name.startswith("norm")]


@pytest.mark.parametrize(
    ("variant", "weights"),
    [
        (
            CAFFENET,
            {
                "conv1": (96, 3, 11, 11),
                "conv2": (256, 48, 5, 5),  # in two groups, each sees half of the channels
                "conv3": (384, 256, 3, 3),
                "conv4": (384, 192, 3, 3),
                "conv5": (256, 192, 3, 3),
            },
        ),
        (
            TORCHVISION,
            {
                "conv1": (64, 3, 11, 11),
                "conv2": (192, 64, 5, 5),
                "conv3": (384, 192, 3, 3),
                "conv4": (256, 384, 3, 3),
                "conv5": (256, 256, 3, 3),
            },
        ),
    ],
    ids=VARIANTS,
)
def test_the_convolutions(variant, weights):
    layers = {name: layer for name, layer, _ in alexnet_trunk(variant, 1.0, pad=7)}
    convolutions = {name: layer for name, layer in layers.items() if isinstance(layer, Conv2d)}
    assert {name: c.params["weight"].shape for name, c in convolutions.items()} == weights
    windows = {name: (c.window.stride[0], c.window.pad[0]) for name, c in convolutions.items()}
    assert windows == {
        "conv1": (4, 7),
        "conv2": (1, 2),
        "conv3": (1, 1),
        "conv4": (1, 1),
        "conv5": (1, 1),
    }


def test_the_poolings_and_the_normalisations():
    layers = [layer for _, layer, _ in alexnet_trunk(CAFFENET, 1.0, pad=0)]
    poolings = [layer for layer in layers if isinstance(layer, MaxPool2d)]
    assert [pool.window for pool in poolings] == [((3, 3), (2, 2), (0, 0), True)] * 3
    norms = [layer for layer in layers if isinstance(layer, LRN)]
    assert [(n.local_size, n.alpha, n.beta, n.k) for n in norms] == [(5, 1e-4, 0.75, 1.0)] * 2


def test_the_number_of_parameters():
    assert count_parameters(alexnet()) == 60_965_224
    assert count_parameters(alexnet_torchvision()) == 61_100_840
    assert count_parameters(build(ModelSpec("fcn32s", "alexnet"))) == 56_954_261


@pytest.mark.parametrize(
    ("net", "size", "conv1"), [(alexnet, 227, 55), (alexnet_torchvision, 224, 55)], ids=VARIANTS
)
def test_the_classifier_sees_images_of_its_size(net, size, conv1):
    shapes = net(10, width=NARROW).shapes(data=(2, 3, size, size), label=(2,))
    maps = [shapes[name][2] for name in ("conv1", "pool1", "pool2", "pool5")]
    assert maps == [conv1, 27, 13, 6]
    assert shapes["fc8"] == (2, 10) and shapes["loss"] == ()


def test_dropout_is_where_each_variant_has_it():
    def order(net: Net) -> list[str]:
        kinds = (Dropout, Linear)
        return [node.name for node in net.nodes if isinstance(node.layer, kinds)]

    assert order(alexnet(5, width=NARROW)) == ["fc6", "drop6", "fc7", "drop7", "fc8"]
    assert order(alexnet_torchvision(5, width=NARROW)) == ["drop5", "fc6", "drop6", "fc7", "fc8"]


@pytest.mark.parametrize("width", [1 / 100, 1 / 8, 0.3, 0.5])
def test_the_width_multiplies_every_channel_count_in_pairs_for_the_groups(width):
    filters = [len(p) for p in alexnet(7, width=width).params.values() if p.ndim == 4]
    assert filters == [max(2, 2 * round(n * width / 2)) for n in (96, 256, 384, 384, 256)]
    filters = [len(p) for p in alexnet_torchvision(7, width=width).params.values() if p.ndim == 4]
    assert filters == [max(1, round(n * width)) for n in (64, 192, 384, 256, 256)]


def test_the_backbone_says_where_scores_are_predicted_from():
    for backbone, top, conv2 in (
        (alexnet_backbone(0.5), "drop7", 128),
        (alexnet_torchvision_backbone(0.5), "relu7", 96),
    ):
        assert backbone.top == Tap(top, 2048)
        assert backbone.skips == {16: Tap("relu5", 128), 8: Tap("relu2", conv2)}
        shapes = Net(backbone.nodes).shapes(data=(1, 3, 320, 320))
        for tap in (backbone.top, *backbone.skips.values()):
            assert shapes[tap.blob][1] == tap.channels


@each_variant
def test_the_receptive_fields(backbone):
    fields = build(ModelSpec("fcn8s", backbone, width=NARROW)).receptive_fields()
    assert fields["score_fr"] == (355, 32) and fields["pool5"] == (195, 32)
    assert fields["relu5"].stride == 16 and fields["relu2"].stride == 8
    assert fields["score"].stride == 1


def test_the_sizes_of_all_maps_for_the_paper_s_image():
    shapes = build(ModelSpec("fcn32s", "alexnet")).shapes(data=(1, 3, 500, 375))
    names = ("conv1", "pool1", "pool2", "pool5", "fc6", "upscore", "score")
    assert [shapes[name][2] for name in names] == [173, 86, 43, 21, 16, 543, 500]


def test_without_padding_the_fully_convolutional_net_gives_the_paper_s_grid():
    # Section 3.1: 10 x 10 outputs from 500 x 500 pixels.
    backbone = alexnet_backbone(NARROW)
    nodes = [*alexnet_trunk(CAFFENET, NARROW, pad=0), *backbone.nodes[15:]]
    assert Net(nodes).shapes(data=(1, 3, 500, 500))["fc6"][2:] == (10, 10)


def test_the_biases_of_the_fcn_learn_as_in_the_reference():
    for address, multiplier in build(
        ModelSpec("fcn8s", "alexnet", width=NARROW)
    ).multipliers.items():
        if address.startswith("upscore"):
            assert multiplier == (0.0, 0.0), address
        elif address.startswith("score") and address.endswith("bias"):
            assert multiplier == (2.0, 0.0), address
        else:  # the reference's net gives the convolutions no multipliers
            assert multiplier == (1.0, 1.0), address
    assert alexnet(3, width=NARROW).multipliers["conv1/bias"] == (2.0, 0.0)


@each_variant
def test_the_small_classifier_averages_the_features_of_64_pixels(backbone):
    net = build(ModelSpec("classifier", backbone, 5, NARROW, "same"))
    shapes = net.shapes(data=(2, 3, 64, 64))
    assert shapes["fc7"][2:] == (3, 3) and shapes["pool7"][2:] == (1, 1)
    assert shapes["fc8"] == (2, 5)


@pytest.mark.parametrize(
    ("net", "backbone", "variant", "size"),
    [
        (alexnet, alexnet_backbone, CAFFENET, 227),
        (alexnet_torchvision, alexnet_torchvision_backbone, TORCHVISION, 224),
    ],
    ids=VARIANTS,
)
def test_the_convolutional_version_gives_the_classifiers_features(net, backbone, variant, size):
    # Section 3.1 of the paper: an inner product is a convolution that covers its whole input.
    classifier = draw_all(net(5, width=NARROW))
    trunk = alexnet_trunk(variant, NARROW, pad=variant.pad)
    convolutional = Net([*trunk, *backbone(NARROW).nodes[len(trunk) :]])
    report = transplant(convolutional.params, classifier.params, may_be_unexpected=["fc8/*"])
    assert [match.address for match in report.reshaped] == ["fc6/weight", "fc7/weight"]
    data = {"data": image(1, 3, size, size).astype(np.float32)}
    expected = classifier.forward(data, outputs=["relu7"])[0]["relu7"]
    found = convolutional.forward(data, outputs=["relu7"])[0]["relu7"]
    assert found.shape == (1, 128, 1, 1) and expected.any()
    # The same sums in another order, in float32.
    np.testing.assert_allclose(found[:, :, 0, 0], expected, rtol=1e-4, atol=1e-5)
