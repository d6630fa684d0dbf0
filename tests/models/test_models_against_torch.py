"""The nets against the same nets written in PyTorch, where it is installed.

The twins are written from Caffe's and torchvision's definitions, with the paddings and the crop
offsets as numbers, and share no code with this package. They are given the same weights and images.
"""

from typing import Any

import numpy as np
import pytest
from helpers.drawn import draw_all, image, label, without_dropout
from helpers.torch_comparison import F, Tensors, assert_equal, conv, each_dtype, linear, torch

from minifcn.models import ModelSpec, build
from minifcn.models.build import BACKBONES, base_net

CLASSES = 6
SIZE = (121, 90)
WIDTHS = {np.float32: 1 / 8, np.float64: 1 / 16}  # VGG16 has half of them
# The scales of the at-once net are kept in float32, where they are not quite decimal.
SCALE_POOL4, SCALE_POOL3 = float(np.float32(0.01)), float(np.float32(0.0001))
# Where the upsampled scores begin on the skips of stride 16 and 8 (negative: the skip begins on
# them), and where the image begins on the upsampled scores of the 32s, 16s and 8s.
OFFSETS = {
    ("vgg16", "faithful"): (5, 9, 19, 27, 31),
    ("vgg16", "same"): (0, 0, 0, 0, 0),
    ("alexnet", "faithful"): (5, 10, 18, 18, 18),
    ("alexnet", "same"): (-1, 0, 18, 10, 14),
    ("alexnet-torchvision", "faithful"): (5, 10, 18, 18, 18),
    ("googlenet", "faithful"): (0, 0, 1, 1, 1),
    ("googlenet", "same"): (0, 0, 1, 9, 13),
    ("googlenet-torchvision", "faithful"): (-1, 0, 9, 1, 1),
    ("googlenet-torchvision", "same"): (0, 0, 1, 1, 5),
}


def width(backbone: str, dtype: type) -> float:
    return WIDTHS[dtype] / (2 if backbone == "vgg16" else 1)


def rectified(x: Any, p: Tensors, name: str, **options: int) -> Any:
    return F.relu(conv(x, p, name, **options))


def pool(x: Any, size: int = 3) -> Any:
    return F.max_pool2d(x, size, 2, ceil_mode=True)


def normalised(x: Any, caffe: bool) -> Any:
    return F.local_response_norm(x, 5, 1e-4, 0.75, 1.0) if caffe else x


def vgg16(x: Any, p: Tensors, padding: int) -> list[Any]:
    """Return pool3, pool4 and pool5."""
    pools = []
    for block, convolutions in enumerate((2, 2, 3, 3, 3), start=1):
        for number in range(1, convolutions + 1):
            margin = padding if (block, number) == (1, 1) else 1
            x = rectified(x, p, f"conv{block}_{number}", padding=margin)
        x = pool(x, 2)
        pools.append(x)
    return pools[2:]


def alexnet(x: Any, p: Tensors, caffe: bool, padding: int) -> list[Any]:
    """Return the rectified conv2 and conv5, and pool5."""
    groups = 2 if caffe else 1
    x = normalised(pool(rectified(x, p, "conv1", stride=4, padding=padding)), caffe)
    relu2 = rectified(x, p, "conv2", padding=2, groups=groups)
    x = normalised(pool(relu2), caffe)
    x = rectified(x, p, "conv3", padding=1)
    x = rectified(x, p, "conv4", padding=1, groups=groups)
    relu5 = rectified(x, p, "conv5", padding=1, groups=groups)
    return [relu2, relu5, pool(relu5)]


def googlenet(x: Any, p: Tensors, caffe: bool, padding: int) -> list[Any]:
    """Return the outputs of the modules 3b, 4e and 5b."""
    outputs = []
    x = rectified(x, p, "conv1/7x7_s2", stride=2, padding=padding)
    x = rectified(normalised(pool(x), caffe), p, "conv2/3x3_reduce")
    x = pool(normalised(rectified(x, p, "conv2/3x3", padding=1), caffe))
    for module in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
        name = f"inception_{module}"
        one = rectified(x, p, f"{name}/1x1")
        three = rectified(x, p, f"{name}/3x3_reduce")
        three = rectified(three, p, f"{name}/3x3", padding=1)
        five = rectified(x, p, f"{name}/5x5_reduce")
        five = rectified(five, p, f"{name}/5x5", padding=2 if caffe else 1)
        pooled = rectified(F.max_pool2d(x, 3, 1, 1), p, f"{name}/pool_proj")
        x = torch.cat([one, three, five, pooled], 1)
        if module in ("3b", "4e", "5b"):
            outputs.append(x)
            x = pool(x, 2 if module == "4e" and not caffe else 3)
    return outputs


def fully_convolutional(x: Any, p: Tensors, arch: str, backbone: str, padding: str) -> Any:
    caffe, faithful = not backbone.endswith("torchvision"), padding == "faithful"
    h, w = x.shape[2:]
    if backbone.startswith("googlenet"):
        fine8, fine16, top = googlenet(x, p, caffe, 3 if faithful else 18 if caffe else 10)
        names = ("inception_4e", "inception_3b")
    else:
        if backbone == "vgg16":
            fine8, fine16, pool5 = vgg16(x, p, 100 if faithful else 1)
            names = ("pool4", "pool3")
        else:
            fine8, fine16, pool5 = alexnet(x, p, caffe, 100 if faithful else 19)
            names = ("relu5", "relu2")
        top = rectified(rectified(pool5, p, "fc6", padding=0 if faithful else 3), p, "fc7")
    if arch == "fcn8s-at-once":
        fine16, fine8 = fine16 * SCALE_POOL4, fine8 * SCALE_POOL3
    scores = conv(top, p, "score_fr")

    def upsample(scores: Any, name: str, stride: int) -> Any:
        weight = p[f"{name}/weight"]
        margin = 0 if faithful else (weight.shape[2] - stride) // 2
        return F.conv_transpose2d(scores, weight, stride=stride, padding=margin)

    def fuse(coarse: Any, fine: Any, begin: int) -> Any:
        """Add; the scores begin at pixel `begin` of the skip, or the skip at -begin of them."""
        if begin > 0:
            rows, columns = coarse.shape[2:]
            return coarse + fine[:, :, begin : begin + rows, begin : begin + columns]
        rows, columns = fine.shape[2:]
        return coarse[:, :, -begin : rows - begin, -begin : columns - begin] + fine

    at_stride_16, at_stride_8, of_32s, of_16s, of_8s = OFFSETS[backbone, padding]
    last, stride, offset = "upscore", 32, of_32s
    if arch != "fcn32s":
        fine = conv(fine16, p, f"score_{names[0]}")
        scores = fuse(upsample(scores, "upscore2", 2), fine, at_stride_16)
        last, stride, offset = "upscore16", 16, of_16s
    if arch.startswith("fcn8s"):
        fine = conv(fine8, p, f"score_{names[1]}")
        scores = fuse(upsample(scores, f"upscore_{names[0]}", 2), fine, at_stride_8)
        last, stride, offset = "upscore8", 8, of_8s
    return upsample(scores, last, stride)[:, :, offset : offset + h, offset : offset + w]


def classifier(x: Any, p: Tensors, backbone: str) -> Any:
    caffe = not backbone.endswith("torchvision")
    if backbone.startswith("googlenet"):
        return linear(googlenet(x, p, caffe, 3)[-1].mean((2, 3)), p, "loss3/classifier")
    pools = vgg16(x, p, 1) if backbone == "vgg16" else alexnet(x, p, caffe, 0 if caffe else 2)
    x = pools[-1].flatten(1)
    for name in ("fc6", "fc7"):
        x = F.relu(linear(x, p, name))
    return linear(x, p, "fc8")


@each_dtype
@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_classifiers(backbone, dtype):
    net = build(ModelSpec("classifier", backbone, CLASSES, width(backbone, dtype)))
    without_dropout(draw_all(net, dtype=dtype))
    size, last = base_net(backbone).image_size, base_net(backbone).last_layer
    data = image(2, 3, size, size).astype(dtype)
    assert_equal(net, lambda x, p: classifier(x, p, backbone), data, np.array([4, 1]), last)


@each_dtype
@pytest.mark.parametrize(
    ("arch", "backbone", "padding"),
    [
        *((arch, *key) for arch in ("fcn32s", "fcn16s", "fcn8s") for key in OFFSETS),
        *(("fcn8s-at-once", "vgg16", padding) for padding in ("faithful", "same")),
    ],
)
def test_the_fcns(arch, backbone, padding, dtype):
    net = build(
        ModelSpec(arch, backbone, CLASSES, width(backbone, dtype), padding),
        normalization="none",
        learn_upsampling=arch == "fcn8s",
    )
    without_dropout(draw_all(net, dtype=dtype))
    assert_equal(
        net,
        lambda x, p: fully_convolutional(x, p, arch, backbone, padding),
        image(1, 3, *SIZE).astype(dtype),
        label(1, *SIZE, classes=CLASSES),
        "score",
    )
