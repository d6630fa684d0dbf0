"""The gradients of whole nets against central differences, in float64."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from helpers.drawn import draw_all, image, label
from threadpoolctl import threadpool_limits

from minifcn.models import ModelSpec, build
from minifcn.net.gradcheck import check_net

# With the small steps below, rounding leaves four digits of the smallest derivatives, in the worst
# case; most agree to eight. A wrong backward pass is wrong in the first.
TOLERANCE = 1e-4
STEP = 1e-6
WIDTH = 1 / 32
SIZE = (37, 45)


@pytest.fixture(autouse=True)
def one_blas_thread() -> Iterator[None]:
    """Products of these sizes are several times faster on one thread."""
    with threadpool_limits(1, user_api="blas"):
        yield


def spec(arch: str, **fields: Any) -> ModelSpec:
    return ModelSpec(arch, **{"num_classes": 3, "width": WIDTH, "padding": "same", **fields})


def pixels(height: int, width: int, channels: int = 3) -> dict[str, np.ndarray]:
    return {"data": image(1, channels, height, width), "label": label(1, height, width, classes=3)}


PIXELS, SMALL = pixels(*SIZE), pixels(20, 26)
IMAGES = {"data": image(2, 3, 64, 64), "label": np.array([2, 1])}
CROPS = IMAGES | {"data": image(2, 3, 224, 224)}
HHA = PIXELS | {"hha": image(1, 3, *SIZE, seed=2)}
TWO_HEADS = PIXELS | {"label_geo": label(1, *SIZE, classes=2, seed=2)}
LEARN = {"learn_upsampling": True}
HEADS = {"heads": {"sem": 3, "geo": 2}}

# The net, how it is built, and what it is given. The nets other than VGG16 are wide enough for the
# narrowest branch to keep a channel that is not always rectified away.
NETS = {
    "32s": (spec("fcn32s"), LEARN, PIXELS),
    "16s": (spec("fcn16s"), LEARN, PIXELS),
    "8s": (spec("fcn8s"), LEARN, PIXELS),
    "at once": (spec("fcn8s-at-once"), {}, PIXELS),
    "at once, not scaled": (spec("fcn8s-at-once", skip_scale="one"), {}, PIXELS),
    "fc6 of 3 x 3": (spec("fcn32s", fc_kernel=3), {}, PIXELS),
    "maximum": (spec("fcn8s", fuse="max"), LEARN, PIXELS),
    "loss per batch": (spec("fcn32s"), {"normalization": "batch"}, PIXELS),
    "loss as a sum": (spec("fcn32s"), {"normalization": "none"}, PIXELS),
    "faithful padding": (spec("fcn8s", padding="faithful"), {}, pixels(9, 5)),
    "AlexNet": (spec("fcn8s", backbone="alexnet", width=1 / 16), LEARN, SMALL),
    "its twin": (spec("fcn8s", backbone="alexnet-torchvision", width=1 / 16), LEARN, SMALL),
    "GoogLeNet": (spec("fcn8s", backbone="googlenet", width=1 / 16), LEARN, SMALL),
    "classifier": (spec("classifier", padding="faithful"), {}, CROPS),
    "small one": (spec("classifier", backbone="alexnet", width=1 / 16), {}, IMAGES),
    "two heads": (spec("fcn32s", **HEADS), LEARN, TWO_HEADS),
    "two heads with skips": (spec("fcn8s", **HEADS), LEARN, TWO_HEADS),
    "late fusion": (spec("fcn32s", modality="rgb-hha"), {}, HHA),
    "late fusion with a skip": (spec("fcn16s", modality="rgb-hha"), {}, HHA),
    "early fusion": (spec("fcn32s", width=1 / 16, modality="rgbd"), {}, pixels(*SIZE, 4)),
}


@pytest.mark.parametrize("name", NETS)
def test_every_trained_parameter_and_the_images_have_right_gradients(name):
    described, options, inputs = NETS[name]
    net = draw_all(build(described, **options), dtype=np.float64)
    # The derivatives of score_pool3 are smaller by its scale of 0.0001, and rounding is not.
    tolerance = 10 * TOLERANCE if name == "at once" else TOLERANCE
    # The largest of each array and another one: how a layer computes is checked at more. Of
    # GoogLeNet, which has over a hundred arrays, the largest is enough of a wait.
    entries = 1 if name == "GoogLeNet" else 2
    report = check_net(net, inputs, entries=entries, tolerance=tolerance, step=STEP)
    trained = {address for address, (rate, _) in net.multipliers.items() if rate}
    images = {blob for blob, array in inputs.items() if array.dtype == np.float64}
    assert {check.name for check in report.checks} == trained | images
    assert report.ok, f"\n{report}"
