"""VGG16 and its FCNs against the same nets written in PyTorch, where it is installed.

The twin is written from the reference's net definitions, with the crop offsets as numbers, and
shares no code with this package. It is given the same weights and the same image.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers.drawn import draw_all, image, label, without_dropout
from helpers.torch_comparison import F, Tensors, assert_equal, conv, each_dtype, linear

from minifcn.models import ModelSpec, build

CLASSES = 6
SIZE = (121, 90)
WIDTHS = {np.float32: 1 / 8, np.float64: 1 / 32}
# The scales of the at-once net are kept in float32, where they are not quite decimal.
SCALE_POOL4, SCALE_POOL3 = float(np.float32(0.01)), float(np.float32(0.0001))


def trunk(x: Any, p: Tensors, padding: int) -> list[Any]:
    """Return pool1 to pool5."""
    pools = []
    for block, convolutions in enumerate((2, 2, 3, 3, 3), start=1):
        for number in range(1, convolutions + 1):
            margin = padding if (block, number) == (1, 1) else 1
            x = F.relu(conv(x, p, f"conv{block}_{number}", padding=margin))
        x = F.max_pool2d(x, 2, 2, ceil_mode=True)
        pools.append(x)
    return pools


def classifier(x: Any, p: Tensors) -> Any:
    x = trunk(x, p, 1)[-1].flatten(1)
    for name in ("fc6", "fc7"):
        x = F.relu(linear(x, p, name))
    return linear(x, p, "fc8")


def fully_convolutional(x: Any, p: Tensors, arch: str, faithful: bool) -> Any:
    h, w = x.shape[2:]
    *_, pool3, pool4, pool5 = trunk(x, p, 100 if faithful else 1)
    fc7 = F.relu(conv(F.relu(conv(pool5, p, "fc6", padding=0 if faithful else 3)), p, "fc7"))
    scores = conv(fc7, p, "score_fr")

    def upsample(scores: Any, name: str, stride: int) -> Any:
        padding = 0 if faithful else stride // 2
        return F.conv_transpose2d(scores, p[f"{name}/weight"], stride=stride, padding=padding)

    def fuse(coarse: Any, fine: Any, offset: int) -> Any:
        if faithful:
            rows, columns = coarse.shape[2:]
            return coarse + fine[:, :, offset : offset + rows, offset : offset + columns]
        rows, columns = fine.shape[2:]
        return coarse[:, :, :rows, :columns] + fine

    at_once = arch == "fcn8s-at-once"
    last, stride, offset = "upscore", 32, 19
    if arch != "fcn32s":
        fine = conv(pool4 * SCALE_POOL4 if at_once else pool4, p, "score_pool4")
        scores = fuse(upsample(scores, "upscore2", 2), fine, 5)
        last, stride, offset = "upscore16", 16, 27
    if arch.startswith("fcn8s"):
        fine = conv(pool3 * SCALE_POOL3 if at_once else pool3, p, "score_pool3")
        scores = fuse(upsample(scores, "upscore_pool4", 2), fine, 9)
        last, stride, offset = "upscore8", 8, 31
    offset = offset if faithful else 0
    return upsample(scores, last, stride)[:, :, offset : offset + h, offset : offset + w]


@each_dtype
def test_the_classifier(dtype):
    spec = ModelSpec("classifier", num_classes=CLASSES, width=WIDTHS[dtype])
    net = without_dropout(draw_all(build(spec), dtype=dtype))
    data = image(2, 3, 224, 224).astype(dtype)
    assert_equal(net, classifier, data, np.array([4, 1]), "fc8")


@each_dtype
@pytest.mark.parametrize("padding", ["faithful", "same"])
@pytest.mark.parametrize("arch", ["fcn32s", "fcn16s", "fcn8s", "fcn8s-at-once"])
def test_the_fcns(arch, padding, dtype):
    spec = ModelSpec(arch, num_classes=CLASSES, width=WIDTHS[dtype], padding=padding)
    net = build(spec, normalization="none", learn_upsampling=arch == "fcn8s")
    without_dropout(draw_all(net, dtype=dtype))
    assert_equal(
        net,
        lambda x, p: fully_convolutional(x, p, arch, padding == "faithful"),
        image(1, 3, *SIZE).astype(dtype),
        label(1, *SIZE, classes=CLASSES),
        "score",
    )
