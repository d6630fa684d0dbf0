"""The gradients of whole nets against central differences, in float64."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from helpers.drawn import draw_all, image, label
from threadpoolctl import threadpool_limits

from minifcn.models import ModelSpec, build
from minifcn.net import Net, gradcheck
from minifcn.net.gradcheck import check_net

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


@pytest.mark.parametrize("arch", ["fcn32s", "fcn8s"])
def test_two_heads_with_a_loss_each_on_one_trunk(arch):
    heads = {"sem": 5, "geo": 3}
    described = ModelSpec(arch, num_classes=5, width=WIDTH, padding="same", heads=heads)
    net = draw_all(build(described, learn_upsampling=True), dtype=np.float64)
    assert net.outputs == ("loss", "loss_geo")
    inputs = {
        "data": image(1, 3, *SIZE),
        "label": label(1, *SIZE, classes=5, seed=1),
        "label_geo": label(1, *SIZE, classes=3, seed=2),
    }
    assert_right(net, inputs)


@pytest.mark.parametrize("arch", ["fcn32s", "fcn16s"])
def test_late_fusion_of_colour_and_hha(arch):
    described = ModelSpec(arch, num_classes=3, width=WIDTH, padding="same", modality="rgb-hha")
    net = draw_all(build(described), dtype=np.float64)
    assert_right(net, pixels(*SIZE) | {"hha": image(1, 3, *SIZE, seed=2)}, entries=3)


@pytest.mark.parametrize("backbone", ["vgg16", "alexnet"])
def test_early_fusion_of_colour_and_depth(backbone):
    described = ModelSpec("fcn32s", backbone, 3, 1 / 16, "same", modality="rgbd")
    net = draw_all(build(described), dtype=np.float64)
    assert_right(net, pixels(*SIZE) | {"data": image(1, 4, *SIZE)}, entries=3)
