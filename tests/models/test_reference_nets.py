"""Each net of the reference, by its name there: what it learns, how large, and where it crops."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from minifcn.layers import Crop
from minifcn.models import ModelSpec, build
from minifcn.net import Net
from minifcn.net.summary import count_parameters

pytestmark = pytest.mark.host  # full-size nets are counted here, and nothing is computed

SEM_GEO = {"sem": 33, "geo": 3}


class Reference(NamedTuple):
    """What the reference says of a net."""

    spec: ModelSpec
    parameters: int  # those that learn


# The backbone has 134,260,544 parameters; scores of fc7, pool4 and pool3 have 4097, 513 and 257 for
# each class.
NETS = {
    "voc-fcn-alexnet": Reference(ModelSpec("fcn32s", "alexnet"), 56_954_261),
    "voc-fcn32s": Reference(ModelSpec("fcn32s"), 134_346_581),
    "voc-fcn16s": Reference(ModelSpec("fcn16s"), 134_357_354),
    "voc-fcn8s": Reference(ModelSpec("fcn8s"), 134_362_751),
    "voc-fcn8s-atonce": Reference(ModelSpec("fcn8s-at-once"), 134_362_751),
    "pascalcontext-fcn32s": Reference(ModelSpec("fcn32s", num_classes=60), 134_506_364),
    "pascalcontext-fcn16s": Reference(ModelSpec("fcn16s", num_classes=60), 134_537_144),
    "pascalcontext-fcn8s": Reference(ModelSpec("fcn8s", num_classes=60), 134_552_564),
    "nyud-fcn32s-color": Reference(ModelSpec("fcn32s", num_classes=40), 134_424_424),
    "nyud-fcn32s-hha": Reference(ModelSpec("fcn32s", num_classes=40, modality="hha"), 134_424_424),
    # Three by three weights more for each of the 64 filters of conv1_1.
    "nyud-fcn32s-color-d": Reference(
        ModelSpec("fcn32s", num_classes=40, modality="rgbd"), 134_425_000
    ),
    "nyud-fcn32s-color-hha": Reference(
        ModelSpec("fcn32s", num_classes=40, modality="rgb-hha"), 2 * 134_424_424
    ),
    "siftflow-fcn32s": Reference(ModelSpec("fcn32s", num_classes=33, heads=SEM_GEO), 134_408_036),
    "siftflow-fcn16s": Reference(ModelSpec("fcn16s", num_classes=33, heads=SEM_GEO), 134_426_504),
    "siftflow-fcn8s": Reference(ModelSpec("fcn8s", num_classes=33, heads=SEM_GEO), 134_435_756),
}
each_net = pytest.mark.parametrize("name", NETS)

VGG16 = {
    "conv1_1": (64, 3, 3, 3),
    "conv1_2": (64, 64, 3, 3),
    "conv2_1": (128, 64, 3, 3),
    "conv2_2": (128, 128, 3, 3),
    "conv3_1": (256, 128, 3, 3),
    "conv3_2": (256, 256, 3, 3),
    "conv3_3": (256, 256, 3, 3),
    "conv4_1": (512, 256, 3, 3),
    "conv4_2": (512, 512, 3, 3),
    "conv4_3": (512, 512, 3, 3),
    "conv5_1": (512, 512, 3, 3),
    "conv5_2": (512, 512, 3, 3),
    "conv5_3": (512, 512, 3, 3),
    "fc6": (4096, 512, 7, 7),
    "fc7": (4096, 4096, 1, 1),
}
ALEXNET = {
    "conv1": (96, 3, 11, 11),
    "conv2": (256, 48, 5, 5),
    "conv3": (384, 256, 3, 3),
    "conv4": (384, 192, 3, 3),
    "conv5": (256, 192, 3, 3),
    "fc6": (4096, 256, 6, 6),
    "fc7": (4096, 4096, 1, 1),
}
# What an architecture adds: the score layers (channels that they see) and the fixed upsampling
# (kernel), in the reference's order; then where it crops.
SCORES = {
    "fcn32s": {"score_fr": 4096},
    "fcn16s": {"score_fr": 4096, "score_pool4": 512},
    "fcn8s": {"score_fr": 4096, "score_pool4": 512, "score_pool3": 256},
}
UPSAMPLING = {
    "fcn32s": {"upscore": 64},
    "fcn16s": {"upscore2": 4, "upscore16": 32},
    "fcn8s": {"upscore2": 4, "upscore_pool4": 4, "upscore8": 16},
}
CROPS = {
    "fcn32s": {"score": 19},
    "fcn16s": {"score_pool4c": 5, "score": 27},
    "fcn8s": {"score_pool4c": 5, "score_pool3c": 9, "score": 31},
}
SCALES = {"scale_pool4": (512,), "scale_pool3": (256,)}


@pytest.fixture(scope="module")
def nets() -> dict[str, Net]:
    # Weights of zero take no memory before they are written to.
    return {name: build(reference.spec) for name, reference in NETS.items()}


def staged(spec: ModelSpec) -> str:
    """Return the architecture, the at-once net's being that of its staged twin."""
    return spec.arch.removesuffix("-at-once")


def heads(spec: ModelSpec) -> dict[str, int]:
    """Return what the names of each head's layers end in, and its number of classes."""
    named = {f"_{name}": classes for name, classes in (spec.heads or {}).items()}
    return named or {"": spec.num_classes}


def learned(spec: ModelSpec) -> dict[str, tuple[int, ...]]:
    """Return the weight shape of each layer that learns."""
    trunk = dict(ALEXNET if spec.backbone == "alexnet" else VGG16)
    if spec.modality == "rgbd":
        trunk["conv1_1"] = (64, 4, 3, 3)
    scores = {
        f"{layer}{suffix}": (classes, channels, 1, 1)
        for suffix, classes in heads(spec).items()
        for layer, channels in SCORES[staged(spec)].items()
    }
    streams = ("color", "hha") if spec.modality == "rgb-hha" else ("",)
    return {
        f"{layer}{stream}": shape for stream in streams for layer, shape in (trunk | scores).items()
    }


def fixed(spec: ModelSpec) -> dict[str, tuple[int, ...]]:
    """Return the weight shape of each layer that does not learn."""
    kernels = {"upscore": 63} if spec.backbone == "alexnet" else UPSAMPLING[staged(spec)]
    upsampling = {
        f"{layer}{suffix}": (classes, classes, kernel, kernel)
        for suffix, classes in heads(spec).items()
        for layer, kernel in kernels.items()
    }
    return upsampling | (SCALES if spec.arch == "fcn8s-at-once" else {})


def weights(net: Net, *, learning: bool) -> dict[str, tuple[int, ...]]:
    return {
        address.removesuffix("/weight"): array.shape
        for address, array in net.params.items()
        if address.endswith("/weight") and (net.multipliers[address][0] > 0) is learning
    }


@each_net
def test_the_layers_that_learn_and_their_weights(nets, name):
    expected = learned(NETS[name].spec)
    assert weights(nets[name], learning=True) == expected
    biases = {a: p.shape for a, p in nets[name].params.items() if a.endswith("/bias")}
    assert biases == {f"{layer}/bias": shape[:1] for layer, shape in expected.items()}


@each_net
def test_the_layers_that_do_not_learn_and_their_weights(nets, name):
    assert weights(nets[name], learning=False) == fixed(NETS[name].spec)


@each_net
def test_the_number_of_parameters(nets, name):
    assert count_parameters(nets[name]) == NETS[name].parameters


@each_net
def test_the_crops(nets, name):
    spec = NETS[name].spec
    expected = {"score": 18} if spec.backbone == "alexnet" else CROPS[staged(spec)]
    found = {n.name: n.layer.offset for n in nets[name].nodes if isinstance(n.layer, Crop)}

    def named(layer: str, suffix: str) -> str:
        return layer[:-1] + suffix + "c" if layer.endswith("c") else layer + suffix

    assert found == {
        named(layer, suffix): (offset, offset)
        for suffix in heads(spec)
        for layer, offset in expected.items()
    }


# For each image height that of score_fr, then of the last upsampled map of 32s, 16s and 8s.
SIZES = {
    500: (16, 544, 560, 568),
    375: (12, 416, 432, 440),
    256: (9, 320, 336, 344),
    224: (8, 288, 304, 312),
    480: (16, 544, 560, 568),
    640: (21, 704, 720, 728),
    1: (1, 64, 80, 88),
}
LAST = {"fcn32s": ("upscore", 1), "fcn16s": ("upscore16", 2), "fcn8s": ("upscore8", 3)}


@each_net
def test_the_sizes_of_the_scores(nets, name):
    spec = NETS[name].spec
    upscore, column = LAST[staged(spec)]
    # AlexNet's kernel of upsampling is a pixel smaller.
    less = 1 if spec.backbone == "alexnet" else 0
    stream = "color" if spec.modality == "rgb-hha" else ""
    channels = 4 if spec.modality == "rgbd" else 3
    for height, width in zip(SIZES, [*SIZES][::-1], strict=True):
        inputs = {"data": (1, channels, height, width)}
        if spec.modality == "rgb-hha":
            inputs["hha"] = inputs["data"]
        shapes = nets[name].shapes(**inputs)
        tall, wide = SIZES[height], SIZES[width]
        for suffix, classes in heads(spec).items():
            assert shapes[f"score_fr{suffix}{stream}"] == (1, classes, tall[0], wide[0])
            upsampled = (1, classes, tall[column] - less, wide[column] - less)
            assert shapes[f"{upscore}{suffix}"] == upsampled
            assert shapes[f"score{suffix}"] == (1, classes, height, width)
