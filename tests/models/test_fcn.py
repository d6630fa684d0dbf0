"""The FCNs: layer by layer and size by size those of the paper's reference nets."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from helpers.described import lines_behind, table
from helpers.drawn import draw_all, image

from minifcn.functional.bilinear import bilinear_weight
from minifcn.layers import Deconv2d
from minifcn.models import ModelSpec, build, initialise
from minifcn.models.fcn import STRIDES, fcn
from minifcn.models.vgg16 import vgg16_backbone
from minifcn.net import Net
from minifcn.net.summary import count_parameters

NARROW = 1 / 64
every_arch = pytest.mark.parametrize("arch", STRIDES)


def narrow(arch: str, padding: str = "faithful") -> Net:
    return build(ModelSpec(arch, width=NARROW, padding=padding))


# From the reference's net definitions: everything after drop7, in the order written there.
REFERENCE = {
    "fcn32s": """
        score_fr = Conv2d 1/1 of drop7
        upscore = Deconv2d 64/32 of score_fr
        score = Crop at 19 of upscore, data
        loss = SoftmaxLoss of score, label
    """,
    "fcn16s": """
        score_fr = Conv2d 1/1 of drop7
        upscore2 = Deconv2d 4/2 of score_fr
        score_pool4 = Conv2d 1/1 of pool4
        score_pool4c = Crop at 5 of score_pool4, upscore2
        fuse_pool4 = EltwiseSum of upscore2, score_pool4c
        upscore16 = Deconv2d 32/16 of fuse_pool4
        score = Crop at 27 of upscore16, data
        loss = SoftmaxLoss of score, label
    """,
    "fcn8s": """
        score_fr = Conv2d 1/1 of drop7
        upscore2 = Deconv2d 4/2 of score_fr
        score_pool4 = Conv2d 1/1 of pool4
        score_pool4c = Crop at 5 of score_pool4, upscore2
        fuse_pool4 = EltwiseSum of upscore2, score_pool4c
        upscore_pool4 = Deconv2d 4/2 of fuse_pool4
        score_pool3 = Conv2d 1/1 of pool3
        score_pool3c = Crop at 9 of score_pool3, upscore_pool4
        fuse_pool3 = EltwiseSum of upscore_pool4, score_pool3c
        upscore8 = Deconv2d 16/8 of fuse_pool3
        score = Crop at 31 of upscore8, data
        loss = SoftmaxLoss of score, label
    """,
    "fcn8s-at-once": """
        score_fr = Conv2d 1/1 of drop7
        upscore2 = Deconv2d 4/2 of score_fr
        scale_pool4 = Scale of pool4
        score_pool4 = Conv2d 1/1 of scale_pool4
        score_pool4c = Crop at 5 of score_pool4, upscore2
        fuse_pool4 = EltwiseSum of upscore2, score_pool4c
        upscore_pool4 = Deconv2d 4/2 of fuse_pool4
        scale_pool3 = Scale of pool3
        score_pool3 = Conv2d 1/1 of scale_pool3
        score_pool3c = Crop at 9 of score_pool3, upscore_pool4
        fuse_pool3 = EltwiseSum of upscore_pool4, score_pool3c
        upscore8 = Deconv2d 16/8 of fuse_pool3
        score = Crop at 31 of upscore8, data
        loss = SoftmaxLoss of score, label
    """,
}

# With padding the upsampled scores may be the larger map, so they are what is cropped.
SAME = """
    score_fr = Conv2d 1/1 of drop7
    upscore2 = Deconv2d 4/2 pad 1 of score_fr
    score_pool4 = Conv2d 1/1 of pool4
    upscore2c = Crop at 0 of upscore2, score_pool4
    fuse_pool4 = EltwiseSum of upscore2c, score_pool4
    upscore_pool4 = Deconv2d 4/2 pad 1 of fuse_pool4
    score_pool3 = Conv2d 1/1 of pool3
    upscore_pool4c = Crop at 0 of upscore_pool4, score_pool3
    fuse_pool3 = EltwiseSum of upscore_pool4c, score_pool3
    upscore8 = Deconv2d 16/8 pad 4 of fuse_pool3
    score = Crop at 0 of upscore8, data
    loss = SoftmaxLoss of score, label
"""


@every_arch
def test_the_layers_are_those_of_the_reference(arch):
    net = narrow(arch)
    assert lines_behind(net, "drop7") == table(REFERENCE[arch])
    assert [n.name for n in net.nodes[:37]] == [n for n, _, _ in vgg16_backbone(NARROW).nodes]


def test_the_layers_with_same_padding():
    def added(arch: str) -> list[str]:
        return lines_behind(narrow(arch, "same"), "drop7")

    assert added("fcn8s") == table(SAME)
    assert "upscore = Deconv2d 64/32 pad 16 of score_fr" in added("fcn32s")
    assert "upscore16 = Deconv2d 32/16 pad 8 of fuse_pool4" in added("fcn16s")


@pytest.mark.parametrize(
    ("arch", "parameters"),
    [
        ("fcn32s", 134_346_581),
        ("fcn16s", 134_346_581 + 10_773),
        ("fcn8s", 134_346_581 + 10_773 + 5_397),
        ("fcn8s-at-once", 134_346_581 + 10_773 + 5_397),
    ],
)
def test_the_number_of_trained_parameters(arch, parameters):
    assert count_parameters(build(ModelSpec(arch))) == parameters


def test_the_receptive_fields():
    fields = narrow("fcn8s").receptive_fields()
    assert {name: fields[name] for name in ("pool3", "pool4", "pool5", "score_fr")} == {
        "pool3": (44, 8),
        "pool4": (100, 16),
        "pool5": (212, 32),
        "score_fr": (404, 32),
    }
    assert fields["score"].stride == 1


# Caffe's sizes: for each image height those of pool1 to pool5 and fc6, then the upsampled maps.
SIZES = {
    500: ((349, 175, 88, 44, 22, 16), (544, 34, 560, 70, 568)),
    375: ((287, 144, 72, 36, 18, 12), (416, 26, 432, 54, 440)),
    256: ((227, 114, 57, 29, 15, 9), (320, 20, 336, 42, 344)),
    224: ((211, 106, 53, 27, 14, 8), (288, 18, 304, 38, 312)),
    480: ((339, 170, 85, 43, 22, 16), (544, 34, 560, 70, 568)),
    640: ((419, 210, 105, 53, 27, 21), (704, 44, 720, 90, 728)),
    1: ((100, 50, 25, 13, 7, 1), (64, 4, 80, 10, 88)),
}
UPSAMPLED = ("upscore", "upscore2", "upscore16", "upscore_pool4", "upscore8")


@pytest.mark.parametrize("height", SIZES)
def test_the_sizes_of_all_maps(height):
    trunk, upsampled = SIZES[height]
    expected = dict(zip(UPSAMPLED, upsampled, strict=True))
    for arch in STRIDES:
        # The width is another size, so that the two cannot be taken for each other.
        shapes = build(ModelSpec(arch)).shapes(data=(1, 3, height, 100))
        names = [*(f"pool{n}" for n in range(1, 6)), "fc6"]
        assert tuple(shapes[name][2] for name in names) == trunk
        found = {name: shapes[name][2] for name in UPSAMPLED if name in shapes}
        assert found == {name: expected[name] for name in found} and found
        assert shapes["score"] == (1, 21, height, 100)


@pytest.mark.parametrize("padding", ["faithful", "same"])
@every_arch
def test_scores_have_the_image_s_size_whatever_it_is(arch, padding):
    net = narrow(arch, padding)
    for height in range(1, 601):
        width = 601 - height
        assert net.shapes(data=(1, 3, height, width))["score"] == (1, 21, height, width)


@pytest.mark.parametrize("padding", ["faithful", "same"])
@every_arch
def test_running_gives_the_sizes_that_were_foretold(arch, padding):
    net = draw_all(narrow(arch, padding))
    data = image(2, 3, 43, 29).astype(np.float32)
    names = [node.name for node in net.nodes if node.name != "loss"]
    blobs, _ = net.forward({"data": data}, outputs=names)
    shapes = net.shapes(data=data.shape)
    assert {name: blob.shape for name, blob in blobs.items()} == {n: shapes[n] for n in names}
    assert blobs["score"].dtype == np.float32


# ---------------------------------------------------------------------------------------------
# What is trained, and how it starts
# ---------------------------------------------------------------------------------------------


@every_arch
def test_biases_learn_twice_as_fast_without_decay_and_the_fixed_layers_not_at_all(arch):
    fixed = ("upscore", "scale_")
    for address, multiplier in narrow(arch).multipliers.items():
        if address.startswith(fixed):
            assert multiplier == (0.0, 0.0), address
        elif address.endswith("bias"):
            assert multiplier == (2.0, 0.0), address
        else:
            assert multiplier == (1.0, 1.0), address


@pytest.mark.parametrize(
    ("arch", "learned"),
    [
        ("fcn32s", set()),
        ("fcn16s", {"upscore2/weight"}),
        ("fcn8s", {"upscore2/weight", "upscore_pool4/weight"}),
        ("fcn8s-at-once", {"upscore2/weight", "upscore_pool4/weight"}),
    ],
)
def test_the_upsampling_inside_the_net_can_be_learned_but_not_the_last(arch, learned):
    spec = ModelSpec(arch, width=NARROW)
    fixed, learning = build(spec), build(spec, learn_upsampling=True)
    changed = {a for a, m in learning.multipliers.items() if m != fixed.multipliers[a]}
    assert changed == learned
    assert all(learning.multipliers[address] == (1.0, 1.0) for address in learned)


@every_arch
def test_upsampling_starts_bilinear_without_a_bias(arch):
    net = narrow(arch)
    initialise(net)
    upsamplings = {n.name: n.layer for n in net.nodes if isinstance(n.layer, Deconv2d)}
    for name, layer in upsamplings.items():
        size = layer.window.kernel_size[0]
        assert list(layer.params) == ["weight"], name
        np.testing.assert_array_equal(layer.params["weight"], bilinear_weight(21, size))
        # The classes do not mix: only a class's own kernel is not zero.
        assert not layer.params["weight"][~np.eye(21, dtype=bool)].any(), name


def test_the_at_once_net_scales_its_skips():
    net = build(ModelSpec("fcn8s-at-once", width=1 / 8))
    for name, channels, factor in (("scale_pool4", 64, 0.01), ("scale_pool3", 32, 0.0001)):
        weight = net.params[f"{name}/weight"]
        assert weight.shape == (channels,) and (weight == np.float32(factor)).all()


@every_arch
def test_score_layers_start_at_zero_and_the_loss_at_the_logarithm_of_the_classes(arch):
    label = np.zeros((1, 20, 30), int)
    data = image(1, 3, 20, 30).astype(np.float32)
    for normalization, expected in (("valid", log(7)), ("none", 600 * log(7))):
        spec = ModelSpec(arch, num_classes=7, width=NARROW, padding="same")
        net = build(spec, normalization=normalization)
        initialise(net)
        score_layers = [a for a in net.params if a.startswith("score")]
        assert score_layers and not any(net.params[address].any() for address in score_layers)
        outputs, _ = net.forward({"data": data, "label": label}, outputs=["score", "loss"])
        assert not outputs["score"].any()
        assert float(outputs["loss"]) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("arch", "padding", "message"),
    [
        ("fcn4s", "same", "arch must be one of fcn32s, fcn16s, fcn8s, fcn8s-at-once, not 'fcn4s'"),
        ("fcn8s", "full", "padding must be one of faithful, same, not 'full'"),
    ],
)
def test_an_unknown_net_is_refused(arch, padding, message):
    with pytest.raises(ValueError, match=message):
        fcn(vgg16_backbone(NARROW), arch, 21, padding=padding)
