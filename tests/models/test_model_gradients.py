"""The gradients of whole nets against central differences, in float64."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from drawn import draw_all, image, label
from threadpoolctl import threadpool_limits

from minifcn import gradcheck
from minifcn.gradcheck import check_net
from minifcn.layers import Conv2d, Crop, Deconv2d, EltwiseSum, SoftmaxLoss
from minifcn.models import ModelSpec, build
from minifcn.models.backbone import NodeList
from minifcn.models.vgg16 import vgg16_backbone
from minifcn.net import Net, derive_crop

# With the small steps below, rounding leaves four digits of the smallest derivatives, in the worst
# case; most agree to eight. A wrong backward pass is wrong in the first.
TOLERANCE = 1e-4
WIDTH = 1 / 32
SIZE = (37, 45)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take smaller steps than for one layer.

    Of ten thousands of rectifiers one easily switches within a step of 1e-5. If that changes the
    derivative by less than a thousandth, the check takes it for curvature, and finds an error.
    """
    monkeypatch.setattr(gradcheck, "STEP", 1e-6)


@pytest.fixture(autouse=True)
def one_blas_thread() -> Iterator[None]:
    """Products of these sizes are several times faster on one thread."""
    with threadpool_limits(1, user_api="blas"):
        yield


def assert_right(
    net: Net, inputs: dict[str, np.ndarray], *, entries: int = 5, tolerance: float = TOLERANCE
) -> None:
    """Check every trained parameter, which must all be there, and the images."""
    report = check_net(net, inputs, entries=entries, tolerance=tolerance)
    trained = {name for name, (rate, _) in net.multipliers.items() if rate}
    images = {name for name, array in inputs.items() if array.dtype == np.float64}
    assert {check.name for check in report.checks} == trained | images
    assert report.ok, f"\n{report}"


def spec(arch: str, padding: str = "same") -> ModelSpec:
    return ModelSpec(arch, num_classes=3, width=WIDTH, padding=padding)


def pixels(height: int, width: int) -> dict[str, np.ndarray]:
    return {"data": image(1, 3, height, width), "label": label(1, height, width, classes=3)}


@pytest.mark.parametrize("arch", ["fcn32s", "fcn16s", "fcn8s"])
def test_staged_nets(arch):
    net = draw_all(build(spec(arch), learn_upsampling=True), dtype=np.float64)
    assert_right(net, pixels(*SIZE))


def test_the_at_once_net():
    # The derivatives of score_pool3 are smaller by its scale of 0.0001, and rounding is not.
    net = draw_all(build(spec("fcn8s-at-once")), dtype=np.float64)
    assert_right(net, pixels(*SIZE), tolerance=1e-3)


@pytest.mark.parametrize("normalization", ["batch", "none"])
def test_the_other_normalisations_of_the_loss(normalization):
    net = draw_all(build(spec("fcn32s"), normalization=normalization), dtype=np.float64)
    assert_right(net, pixels(*SIZE), entries=3)


def test_a_net_with_the_faithful_padding():
    net = draw_all(build(spec("fcn8s", "faithful")), dtype=np.float64)
    assert_right(net, pixels(9, 5), entries=3)


def test_the_classifier():
    net = draw_all(build(ModelSpec("classifier", num_classes=5, width=WIDTH)), dtype=np.float64)
    inputs = {"data": image(2, 3, 224, 224), "label": np.array([3, 1])}
    assert_right(net, inputs, entries=2)


# GoogLeNet has over a hundred arrays: one entry of each is enough of a wait. All nets are wide
# enough for the narrowest branch to keep a channel that is not always rectified away.
@pytest.mark.parametrize(
    ("backbone", "entries"), [("alexnet", 5), ("alexnet-torchvision", 5), ("googlenet", 1)]
)
def test_the_other_backbones(backbone, entries):
    other = ModelSpec("fcn8s", backbone, num_classes=3, width=1 / 16, padding="same")
    net = draw_all(build(other, learn_upsampling=True), dtype=np.float64)
    assert_right(net, pixels(20, 26), entries=entries)


def test_a_small_classifier():
    small = ModelSpec("classifier", "alexnet", num_classes=5, width=1 / 16, padding="same")
    net = draw_all(build(small), dtype=np.float64)
    assert_right(net, {"data": image(2, 3, 64, 64), "label": np.array([3, 1])}, entries=2)


def head(nodes: NodeList, bottom: str, channels: int, classes: int, suffix: str) -> NodeList:
    """Return an FCN-32s head as in the reference's nets for SIFT Flow and NYUDv2."""
    coarse, fine = f"score_fr{suffix}", f"upscore{suffix}"
    upsampling = Deconv2d(classes, classes, 64, stride=32, pad=16, bilinear=True)
    part: NodeList = [(coarse, Conv2d(channels, classes, 1), bottom), (fine, upsampling, coarse)]
    part.append(
        (f"score{suffix}", Crop(derive_crop([*nodes, *part], fine, "data")), (fine, "data"))
    )
    part.append((f"loss{suffix}", SoftmaxLoss(), (f"score{suffix}", f"label{suffix}")))
    return part


def test_two_heads_with_a_loss_each_on_one_trunk():
    backbone = vgg16_backbone(WIDTH, padding="same")
    top = backbone.top
    semantic = head(backbone.nodes, top.blob, top.channels, classes=5, suffix="_sem")
    geometric = head(backbone.nodes, top.blob, top.channels, classes=3, suffix="_geo")
    net = draw_all(Net([*backbone.nodes, *semantic, *geometric]), dtype=np.float64)
    assert net.outputs == ("loss_sem", "loss_geo")
    net.freeze("upscore*")
    inputs = {
        "data": image(1, 3, *SIZE),
        "label_sem": label(1, *SIZE, classes=5, seed=1),
        "label_geo": label(1, *SIZE, classes=3, seed=2),
    }
    assert_right(net, inputs)


def test_late_fusion_of_two_images():
    nodes: NodeList = []
    for stream in ("color", "hha"):
        backbone = vgg16_backbone(WIDTH, padding="same")
        for name, layer, bottom in backbone.nodes:
            nodes.append(
                (f"{name}{stream}", layer, stream if bottom == "data" else bottom + stream)
            )
        score = Conv2d(backbone.top.channels, 3, 1)
        nodes.append((f"score_fr{stream}", score, f"{backbone.top.blob}{stream}"))
    nodes.append(("score_fused", EltwiseSum((0.5, 0.5)), ("score_frcolor", "score_frhha")))
    nodes.append(("upscore", Deconv2d(3, 3, 64, stride=32, pad=16, bilinear=True), "score_fused"))
    nodes.append(("score", Crop(derive_crop(nodes, "upscore", "color")), ("upscore", "color")))
    nodes.append(("loss", SoftmaxLoss(), ("score", "label")))
    net = draw_all(Net(nodes), dtype=np.float64)
    net.freeze("upscore")
    inputs = {
        "color": image(1, 3, *SIZE, seed=1),
        "hha": image(1, 3, *SIZE, seed=2),
        "label": label(1, *SIZE, classes=3),
    }
    assert_right(net, inputs)
