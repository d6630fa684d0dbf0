"""VGG16: the published layers, and the classifier inside its fully convolutional version."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.drawn import draw_all, image

from minifcn.layers import Conv2d, Dropout, Linear, MaxPool2d, ReLU
from minifcn.models import ModelSpec, build
from minifcn.models.backbone import Tap
from minifcn.models.vgg16 import vgg16, vgg16_backbone, vgg16_trunk
from minifcn.net import Net
from minifcn.net.summary import count_parameters
from minifcn.weights.surgery import transplant

# Table 1 of Simonyan & Zisserman, column D: the filters of each convolution, 0 for a pooling.
PUBLISHED = [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0]


def test_the_trunk_is_configuration_d():
    layers = [layer for _, layer, _ in vgg16_trunk(1.0, pad=1) if not isinstance(layer, ReLU)]
    assert [len(layer.params.get("weight", ())) for layer in layers] == PUBLISHED
    for layer in layers:
        if isinstance(layer, MaxPool2d):
            assert layer.window == ((2, 2), (2, 2), (0, 0), True)  # rounded up, as in Caffe
        else:
            assert layer.window == ((3, 3), (1, 1), (1, 1), (1, 1)) and layer.groups == 1


def test_the_trunk_is_a_chain_of_convolution_and_relu():
    bottom = "data"
    for name, layer, reads in vgg16_trunk(1.0, pad=1):
        assert reads == bottom
        assert isinstance(layer, ReLU) == name.startswith("relu")
        bottom = name
    names = [name for name, _, _ in vgg16_trunk(1.0, pad=1)]
    assert names[:5] == ["conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1"]
    assert names[-3:] == ["conv5_3", "relu5_3", "pool5"] and len(names) == 2 * 13 + 5


def test_the_classifier_has_the_published_number_of_parameters():
    net = vgg16()
    assert count_parameters(net) == 138_357_544
    assert {name: p.shape for name, p in net.params.items() if name.startswith("fc")} == {
        "fc6/weight": (4096, 25_088),
        "fc6/bias": (4096,),
        "fc7/weight": (4096, 4096),
        "fc7/bias": (4096,),
        "fc8/weight": (1000, 4096),
        "fc8/bias": (1000,),
    }
    drops = [(n.name, n.layer.ratio) for n in net.nodes if isinstance(n.layer, Dropout)]
    assert drops == [("drop6", 0.5), ("drop7", 0.5)]


def test_the_classifier_sees_images_of_224_pixels():
    net = vgg16(10, width=1 / 64)
    shapes = net.shapes(data=(2, 3, 224, 224), label=(2,))
    assert [shapes[f"pool{n}"][2] for n in range(1, 6)] == [112, 56, 28, 14, 7]
    assert shapes["fc8"] == (2, 10) and shapes["loss"] == ()
    with pytest.raises(ValueError, match=r"layer fc6: .* expected 392 values .*\(2, 8, 8, 8\)"):
        net.shapes(data=(2, 3, 256, 256))


def test_weights_have_the_plain_rate_and_biases_twice_that_without_decay():
    multipliers = vgg16(10, width=1 / 64).multipliers
    assert len(multipliers) == 2 * 16
    for address, multiplier in multipliers.items():
        assert multiplier == ((2.0, 0.0) if address.endswith("bias") else (1.0, 1.0)), address


@pytest.mark.parametrize(("padding", "margin", "fc6"), [("faithful", 100, 0), ("same", 1, 3)])
def test_the_backbone_makes_the_inner_products_convolutions(padding, margin, fc6):
    backbone = vgg16_backbone(padding=padding)
    layers = {name: layer for name, layer, _ in backbone.nodes}
    assert list(layers)[-6:] == ["fc6", "relu6", "drop6", "fc7", "relu7", "drop7"]
    convolutions = {name: layer for name, layer in layers.items() if isinstance(layer, Conv2d)}
    pads = {name: layer.window.pad for name, layer in convolutions.items()}
    expected = dict.fromkeys(pads, (1, 1))
    assert pads == expected | {"conv1_1": (margin,) * 2, "fc6": (fc6,) * 2, "fc7": (0, 0)}
    assert convolutions["fc6"].params["weight"].shape == (4096, 512, 7, 7)
    assert convolutions["fc7"].params["weight"].shape == (4096, 4096, 1, 1)
    assert not any(isinstance(layer, Linear) for layer in layers.values())


def test_the_backbone_says_where_scores_are_predicted_from():
    backbone = vgg16_backbone(0.5)
    assert backbone.top == Tap("drop7", 2048)
    assert backbone.skips == {16: Tap("pool4", 256, 0.01), 8: Tap("pool3", 128, 0.0001)}
    shapes = Net(backbone.nodes).shapes(data=(1, 3, 320, 320))
    for tap in (backbone.top, *backbone.skips.values()):
        assert shapes[tap.blob][1] == tap.channels


@pytest.mark.parametrize("width", [1 / 100, 1 / 64, 0.3])
def test_the_width_multiplies_every_channel_count_and_leaves_at_least_one(width):
    weights = [p for p in vgg16(10, width=width).params.values() if p.ndim == 4]
    assert [len(w) for w in weights] == [
        max(1, round(filters * width)) for filters in PUBLISHED if filters
    ]


def test_the_convolutional_version_gives_the_classifiers_features():
    # Section 3.1 of the paper: an inner product is a convolution that covers its whole input. In
    # the middle of the map the 7 x 7 filter lies over the whole of pool5, as the classifier's does.
    classifier = draw_all(build(ModelSpec("classifier", num_classes=5, width=1 / 32)))
    convolutional = Net(vgg16_backbone(1 / 32, padding="same").nodes)
    report = transplant(convolutional.params, classifier.params, may_be_unexpected=["fc8/*"])
    assert [match.address for match in report.reshaped] == ["fc6/weight", "fc7/weight"]
    data = {"data": image(1, 3, 224, 224).astype(np.float32)}
    expected = classifier.forward(data, outputs=["relu7"])[0]["relu7"]
    found = convolutional.forward(data, outputs=["relu7"])[0]["relu7"]
    assert found.shape == (1, 128, 7, 7) and expected.any()
    # The same sums in another order, in float32.
    np.testing.assert_allclose(found[:, :, 3, 3], expected, rtol=1e-4, atol=1e-5)
