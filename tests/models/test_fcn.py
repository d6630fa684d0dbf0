"""The FCNs: layer by layer and size by size those of the paper's reference nets."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
from helpers.described import lines_behind, table
from helpers.drawn import draw_all, image

from minifcn.functional.bilinear import bilinear_weight
from minifcn.layers import Crop, Deconv2d, EltwiseMax, EltwiseSum, Scale
from minifcn.models import ModelSpec, build, initialise
from minifcn.models.build import BACKBONES
from minifcn.models.fcn import STRIDES, fcn
from minifcn.models.vgg16 import vgg16_backbone
from minifcn.net import Net

every_arch = pytest.mark.parametrize("arch", STRIDES)
every_backbone = pytest.mark.parametrize("backbone", BACKBONES)


def narrow(arch: str, backbone: str = "vgg16", padding: str = "faithful", **options) -> Net:
    return build(ModelSpec(arch, backbone, 4, 1 / 32, padding), **options)


# What each FCN adds to its backbone, in the order written in the reference's net definitions. There
# are those of VGG16 and FCN-AlexNet 32s; the paper's FCN-GoogLeNet was never published. Offsets of
# GoogLeNet are P - 2 for a padding of P = 3, and all grids lie on each other.
ADDED = {
    ("vgg16", "fcn32s", "faithful"): """
        score_fr = Conv2d 1/1 of drop7
        upscore = Deconv2d 64/32 of score_fr
        score = Crop at 19 of upscore, data
        loss = SoftmaxLoss of score, label
    """,
    ("vgg16", "fcn16s", "faithful"): """
        score_fr = Conv2d 1/1 of drop7
        upscore2 = Deconv2d 4/2 of score_fr
        score_pool4 = Conv2d 1/1 of pool4
        score_pool4c = Crop at 5 of score_pool4, upscore2
        fuse_pool4 = EltwiseSum of upscore2, score_pool4c
        upscore16 = Deconv2d 32/16 of fuse_pool4
        score = Crop at 27 of upscore16, data
        loss = SoftmaxLoss of score, label
    """,
    ("vgg16", "fcn8s", "faithful"): """
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
    ("vgg16", "fcn8s-at-once", "faithful"): """
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
    # With padding the upsampled scores may be the larger map, so they are what is cropped.
    ("vgg16", "fcn8s", "same"): """
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
    """,
    ("vgg16", "fcn32s", "same"): """
        score_fr = Conv2d 1/1 of drop7
        upscore = Deconv2d 64/32 pad 16 of score_fr
        score = Crop at 0 of upscore, data
        loss = SoftmaxLoss of score, label
    """,
    ("alexnet", "fcn32s", "faithful"): """
        score_fr = Conv2d 1/1 of drop7
        upscore = Deconv2d 63/32 of score_fr
        score = Crop at 18 of upscore, data
        loss = SoftmaxLoss of score, label
    """,
    ("alexnet", "fcn8s", "faithful"): """
        score_fr = Conv2d 1/1 of drop7
        upscore2 = Deconv2d 3/2 of score_fr
        score_relu5 = Conv2d 1/1 of relu5
        score_relu5c = Crop at 5 of score_relu5, upscore2
        fuse_relu5 = EltwiseSum of upscore2, score_relu5c
        upscore_relu5 = Deconv2d 3/2 of fuse_relu5
        score_relu2 = Conv2d 1/1 of relu2
        score_relu2c = Crop at 10 of score_relu2, upscore_relu5
        fuse_relu2 = EltwiseSum of upscore_relu5, score_relu2c
        upscore8 = Deconv2d 15/8 of fuse_relu2
        score = Crop at 18 of upscore8, data
        loss = SoftmaxLoss of score, label
    """,
    ("alexnet", "fcn16s", "same"): """
        score_fr = Conv2d 1/1 of drop7
        upscore2 = Deconv2d 3/2 of score_fr
        score_relu5 = Conv2d 1/1 of relu5
        upscore2c = Crop at 1 of upscore2, score_relu5
        fuse_relu5 = EltwiseSum of upscore2c, score_relu5
        upscore16 = Deconv2d 31/16 pad 7 of fuse_relu5
        score = Crop at 10 of upscore16, data
        loss = SoftmaxLoss of score, label
    """,
    ("googlenet", "fcn32s", "faithful"): """
        score_fr = Conv2d 1/1 of pool5/drop_7x7_s1
        upscore = Deconv2d 63/32 of score_fr
        score = Crop at 1 of upscore, data
        loss = SoftmaxLoss of score, label
    """,
    ("googlenet", "fcn16s", "faithful"): """
        score_fr = Conv2d 1/1 of pool5/drop_7x7_s1
        upscore2 = Deconv2d 3/2 of score_fr
        scale_inception_4e = Scale of inception_4e/output
        score_inception_4e = Conv2d 1/1 of scale_inception_4e
        upscore2c = Crop at 0 of upscore2, score_inception_4e
        fuse_inception_4e = EltwiseSum of upscore2c, score_inception_4e
        upscore16 = Deconv2d 31/16 of fuse_inception_4e
        score = Crop at 1 of upscore16, data
        loss = SoftmaxLoss of score, label
    """,
    ("googlenet", "fcn8s-at-once", "faithful"): """
        score_fr = Conv2d 1/1 of pool5/drop_7x7_s1
        upscore2 = Deconv2d 3/2 of score_fr
        scale_inception_4e = Scale of inception_4e/output
        score_inception_4e = Conv2d 1/1 of scale_inception_4e
        upscore2c = Crop at 0 of upscore2, score_inception_4e
        fuse_inception_4e = EltwiseSum of upscore2c, score_inception_4e
        upscore_inception_4e = Deconv2d 3/2 of fuse_inception_4e
        scale_inception_3b = Scale of inception_3b/output
        score_inception_3b = Conv2d 1/1 of scale_inception_3b
        upscore_inception_4ec = Crop at 0 of upscore_inception_4e, score_inception_3b
        fuse_inception_3b = EltwiseSum of upscore_inception_4ec, score_inception_3b
        upscore8 = Deconv2d 15/8 of fuse_inception_3b
        score = Crop at 1 of upscore8, data
        loss = SoftmaxLoss of score, label
    """,
    ("googlenet", "fcn32s", "same"): """
        score_fr = Conv2d 1/1 of pool5/drop_7x7_s1
        upscore = Deconv2d 63/32 pad 15 of score_fr
        score = Crop at 1 of upscore, data
        loss = SoftmaxLoss of score, label
    """,
    # torchvision's pool4 lies between two pixels: one upsampling keeps the even kernel.
    ("googlenet-torchvision", "fcn32s", "faithful"): """
        score_fr = Conv2d 1/1 of pool5/drop_7x7_s1
        upscore = Deconv2d 63/32 of score_fr
        score = Crop at 9 of upscore, data
        loss = SoftmaxLoss of score, label
    """,
    ("googlenet-torchvision", "fcn16s", "faithful"): """
        score_fr = Conv2d 1/1 of pool5/drop_7x7_s1
        upscore2 = Deconv2d 4/2 of score_fr
        score_inception_4e = Conv2d 1/1 of inception_4e/output
        upscore2c = Crop at 1 of upscore2, score_inception_4e
        fuse_inception_4e = EltwiseSum of upscore2c, score_inception_4e
        upscore16 = Deconv2d 31/16 of fuse_inception_4e
        score = Crop at 1 of upscore16, data
        loss = SoftmaxLoss of score, label
    """,
}


@pytest.mark.parametrize(("backbone", "arch", "padding"), ADDED)
def test_the_layers_behind_the_backbone(backbone, arch, padding):
    top = "pool5/drop_7x7_s1" if backbone.startswith("googlenet") else "drop7"
    added = lines_behind(narrow(arch, backbone, padding), top)
    assert added == table(ADDED[backbone, arch, padding])


@pytest.mark.parametrize("backbone", [name for name in BACKBONES if name != "vgg16"])
@every_arch
def test_the_image_s_scores_begin_where_the_first_lies(arch, backbone):
    # Where the grids lie on each other, the last offset is the same whatever the skips are.
    expected = 18 if "alexnet" in backbone else 1
    if (backbone, arch) == ("googlenet-torchvision", "fcn32s"):
        expected = 9
    assert narrow(arch, backbone).layer("score").offset == (expected, expected)


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


@pytest.mark.host  # sizes alone: nothing is computed
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


# GoogLeNet's own padding asks for images of some size: see test_backbones.py.
@pytest.mark.parametrize(
    ("backbone", "padding"),
    [(name, "same") for name in BACKBONES]
    + [(name, "faithful") for name in BACKBONES if "googlenet" not in name],
)
@every_arch
def test_scores_have_the_image_s_size_whatever_it_is(arch, padding, backbone):
    net = narrow(arch, backbone, padding)
    for height in [*range(1, 81), *range(81, 401, 3)]:
        width = 401 - height
        assert net.shapes(data=(1, 3, height, width))["score"] == (1, 4, height, width)


@pytest.mark.parametrize("padding", ["faithful", "same"])
@every_backbone
@every_arch
def test_running_gives_the_sizes_that_were_foretold(arch, backbone, padding):
    net = draw_all(narrow(arch, backbone, padding))
    data = image(2, 3, 43, 36).astype(np.float32)
    names = [node.name for node in net.nodes if node.name != "loss"]
    blobs, _ = net.forward({"data": data}, outputs=names)
    shapes = net.shapes(data=data.shape)
    assert {name: blob.shape for name, blob in blobs.items()} == {n: shapes[n] for n in names}
    assert blobs["score"].dtype == np.float32


# What is trained, and how it starts


@pytest.mark.parametrize("learn", [False, True])
@every_backbone
@every_arch
def test_biases_learn_twice_as_fast_without_decay_and_the_fixed_layers_not_at_all(
    arch, backbone, learn
):
    net = narrow(arch, backbone, learn_upsampling=learn)
    upsamplings = [node.name for node in net.nodes if isinstance(node.layer, Deconv2d)]
    learned = upsamplings[:-1] if learn else []  # the last one never
    for address, multiplier in net.multipliers.items():
        layer = address.split("/")[0]
        if layer not in learned and (layer in upsamplings or layer.startswith("scale_")):
            assert multiplier == (0.0, 0.0), address
        elif address.endswith("bias") and (layer.startswith("score") or "alex" not in backbone):
            assert multiplier == (2.0, 0.0), address
        else:  # the reference's FCN-AlexNet gives the convolutions no multipliers
            assert multiplier == (1.0, 1.0), address


def test_the_classifiers_biases_learn_so_too():
    for backbone in BACKBONES:
        for address, multiplier in narrow("classifier", backbone).multipliers.items():
            expected = (2.0, 0.0) if address.endswith("bias") else (1.0, 1.0)
            assert multiplier == expected, address


@every_arch
def test_upsampling_starts_bilinear_without_a_bias(arch):
    net = narrow(arch)
    initialise(net)
    for node in net.nodes:
        if isinstance(node.layer, Deconv2d):
            size = node.layer.window.kernel_size[0]
            assert list(node.layer.params) == ["weight"], node.name
            weight = node.layer.params["weight"]
            np.testing.assert_array_equal(weight, bilinear_weight(4, size))
            # The classes do not mix: only a class's own kernel is not zero.
            assert not weight[~np.eye(4, dtype=bool)].any(), node.name


@pytest.mark.parametrize(
    ("backbone", "factors"),
    [("vgg16", (0.01, 0.0001)), ("googlenet", (0.4, 0.15)), ("alexnet", (1, 1))],
)
def test_the_at_once_net_scales_its_skips(backbone, factors):
    params = narrow("fcn8s-at-once", backbone).params
    scales = [array for address, array in params.items() if address.startswith("scale_")]
    assert [set(scale.tolist()) for scale in scales] == [{np.float32(f)} for f in factors]


@pytest.mark.parametrize(
    ("backbone", "arch", "factors"),
    [
        ("vgg16", "fcn8s", []),
        ("googlenet", "fcn32s", []),
        ("googlenet", "fcn16s", [0.4]),
        ("googlenet", "fcn8s", [0.4, 0.15]),
    ],
)
def test_staged_nets_scale_the_skips_of_googlenet_alone(backbone, arch, factors):
    net = narrow(arch, backbone)
    scales = {a: array for a, array in net.params.items() if a.startswith("scale_")}
    assert [set(scale.tolist()) for scale in scales.values()] == [{np.float32(f)} for f in factors]
    assert all(net.multipliers[address][0] == 0 for address in scales)


@pytest.mark.parametrize("backbone", ["vgg16", "googlenet"])
def test_without_their_scale_skips_are_scored_as_they_are(backbone):
    """The same scores come of weights that have the factor in them."""
    spec = ModelSpec("fcn8s-at-once", backbone, 3, 1 / 32, "same")
    usual = draw_all(build(spec), dtype=np.float64)
    one = draw_all(build(replace(spec, skip_scale="one")), dtype=np.float64)
    assert not [node.name for node in one.nodes if isinstance(node.layer, Scale)]
    for address, weight in one.params.items():
        weight[...] = usual.params[address]
        name = address.removeprefix("score_").removesuffix("/weight")
        if f"scale_{name}/weight" in usual.params:
            weight *= usual.params[f"scale_{name}/weight"][:, None, None]
    data = {"data": image(1, 3, 37, 45)}
    scores, again = (n.forward(data, outputs=["score"])[0]["score"] for n in (usual, one))
    np.testing.assert_allclose(again, scores, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kernel", [2, 3, 4])
@pytest.mark.parametrize("padding", ["faithful", "same"])
def test_fewer_weights_of_fc6_are_a_kernel_of_7_with_zeros_between(kernel, padding):
    spec = ModelSpec("fcn8s-at-once", "vgg16", 3, 1 / 32, padding, fc_kernel=kernel)
    fewer, usual = (draw_all(build(s)) for s in (spec, replace(spec, fc_kernel=None)))
    for address, weight in usual.params.items():
        if address == "fc6/weight":
            step = 6 // (kernel - 1)
            weight[...] = 0
            weight[:, :, ::step, ::step] = fewer.params[address]
        else:
            weight[...] = fewer.params[address]
    for net in (fewer, usual):
        net.astype(np.float64)
    assert [n.layer.offset for n in fewer.nodes if isinstance(n.layer, Crop)] == [
        n.layer.offset for n in usual.nodes if isinstance(n.layer, Crop)
    ]
    data = {"data": image(1, 3, 37, 45)}
    scores, again = (n.forward(data, outputs=["score"])[0]["score"] for n in (usual, fewer))
    np.testing.assert_allclose(again, scores, rtol=1e-9, atol=1e-12)


def test_a_kernel_that_cannot_be_spread_over_7_pixels_is_refused():
    with pytest.raises(ValueError, match=r"^fc_kernel must be one of \(2, 3, 4\) or 7, not 5$"):
        vgg16_backbone(1 / 32, fc_kernel=5)


def test_skips_are_fused_by_the_larger_score_and_streams_by_their_mean():
    spec = ModelSpec("fcn8s", "vgg16", 3, 1 / 32, "same", modality="rgb-hha", fuse="max")
    net = draw_all(build(spec), dtype=np.float64)
    joined = {n.name: type(n.layer) for n in net.nodes if "fuse" in n.name}
    assert joined.pop("fuse_pool4") is joined.pop("fuse_pool3") is EltwiseMax
    assert set(joined.values()) == {EltwiseSum}
    inputs = {name: image(1, 3, 37, 45, seed=seed) for seed, name in enumerate(("data", "hha"))}
    for fused in ("fuse_pool4", "fuse_pool3"):
        bottoms = next(node.bottoms for node in net.nodes if node.name == fused)
        blobs, _ = net.forward(inputs, outputs=[fused, *bottoms])
        assert np.array_equal(blobs[fused], np.maximum(*(blobs[name] for name in bottoms)))
        assert 0 < (blobs[fused] == blobs[bottoms[0]]).mean() < 1


@every_arch
def test_score_layers_start_at_zero_and_the_loss_at_the_logarithm_of_the_classes(arch):
    label = np.zeros((1, 20, 30), int)
    data = image(1, 3, 20, 30).astype(np.float32)
    for normalization, expected in (("valid", log(4)), ("none", 600 * log(4))):
        net = narrow(arch, padding="same", normalization=normalization)
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
        fcn(vgg16_backbone(1 / 32), arch, 21, padding=padding)
