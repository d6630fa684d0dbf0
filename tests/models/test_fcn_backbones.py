"""FCNs of AlexNet and GoogLeNet: the reference's FCN-AlexNet, and what nobody has published."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.described import lines_behind, table
from helpers.drawn import draw_all, image

from minifcn.layers import Deconv2d
from minifcn.models import ModelSpec, build
from minifcn.models.build import BACKBONES
from minifcn.models.fcn import STRIDES
from minifcn.net import Net

NARROW = 1 / 32
OTHERS = tuple(name for name in BACKBONES if name != "vgg16")

# What each FCN adds to its backbone. FCN-AlexNet 32s is the reference's; the paper's FCN-GoogLeNet
# was never published. Offsets are P - 2 for a padding of P = 3, and all grids lie on each other.
ADDED = {
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
        score_inception_4e = Conv2d 1/1 of inception_4e/output
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


def narrow(backbone: str, arch: str, padding: str) -> Net:
    return build(ModelSpec(arch, backbone, 4, NARROW, padding))


@pytest.mark.parametrize(("backbone", "arch", "padding"), ADDED)
def test_the_layers_behind_the_backbone(backbone, arch, padding):
    top = "drop7" if backbone == "alexnet" else "pool5/drop_7x7_s1"
    added = lines_behind(narrow(backbone, arch, padding), top)
    assert added == table(ADDED[backbone, arch, padding])


@pytest.mark.parametrize("backbone", OTHERS)
@pytest.mark.parametrize("arch", STRIDES)
def test_the_image_s_scores_begin_where_the_first_lies(arch, backbone):
    # Where the grids lie on each other, the last offset is the same whatever the skips are.
    offset = narrow(backbone, arch, "faithful").layer("score").offset
    expected = 18 if "alexnet" in backbone else 1
    if (backbone, arch) == ("googlenet-torchvision", "fcn32s"):
        expected = 9
    assert offset == (expected, expected)


# GoogLeNet's own padding asks for images of some size: see test_googlenet.py.
@pytest.mark.parametrize(
    ("backbone", "padding"),
    [(name, "same") for name in OTHERS]
    + [(name, "faithful") for name in OTHERS if "googlenet" not in name],
)
@pytest.mark.parametrize("arch", STRIDES)
def test_scores_have_the_image_s_size_whatever_it_is(arch, padding, backbone):
    net = narrow(backbone, arch, padding)
    for height in [*range(1, 81), *range(81, 401, 3)]:
        width = 401 - height
        assert net.shapes(data=(1, 3, height, width))["score"] == (1, 4, height, width)


@pytest.mark.parametrize("backbone", OTHERS)
@pytest.mark.parametrize("padding", ["faithful", "same"])
def test_running_gives_the_sizes_that_were_foretold(padding, backbone):
    net = draw_all(narrow(backbone, "fcn8s-at-once", padding))
    data = image(2, 3, 43, 36).astype(np.float32)
    names = [node.name for node in net.nodes if node.name != "loss"]
    blobs, _ = net.forward({"data": data}, outputs=names)
    shapes = net.shapes(data=data.shape)
    assert {name: blob.shape for name, blob in blobs.items()} == {n: shapes[n] for n in names}
    assert blobs["score"].dtype == np.float32


@pytest.mark.parametrize("backbone", OTHERS)
def test_all_upsampling_is_fixed_or_all_but_the_last_is_learned(backbone):
    net = narrow(backbone, "fcn8s", "same")
    names = [node.name for node in net.nodes if isinstance(node.layer, Deconv2d)]
    assert [net.multipliers[f"{name}/weight"][0] for name in names] == [0, 0, 0]
    net = build(ModelSpec("fcn8s", backbone, 4, NARROW), learn_upsampling=True)
    assert [net.multipliers[f"{name}/weight"][0] for name in names] == [1, 1, 0]


@pytest.mark.parametrize("backbone", OTHERS)
def test_the_at_once_net_scales_its_skips(backbone):
    net = narrow(backbone, "fcn8s-at-once", "same")
    scales = [array for address, array in net.params.items() if address.startswith("scale_")]
    expected = (0.4, 0.15) if backbone == "googlenet" else (1, 1)
    assert [set(scale.tolist()) for scale in scales] == [{np.float32(e)} for e in expected]
    assert all(net.multipliers[a] == (0, 0) for a in net.multipliers if a.startswith("scale_"))
