"""Each net of the reference, by its name there: what it learns, how large, and where it crops."""

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

# What an architecture adds: the score layers (channels that they see), the fixed upsampling
# (kernel), in the reference's order; then where it crops.
SCORES = {"score_fr": 4096, "score_pool4": 512, "score_pool3": 256}
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


def streams(spec: ModelSpec) -> tuple[str, ...]:
    return ("color", "hha") if spec.modality == "rgb-hha" else ("",)


@each_net
def test_what_learns_and_what_does_not(nets, name):
    net, spec = nets[name], NETS[name].spec
    assert count_parameters(net) == NETS[name].parameters
    weights = {
        address.removesuffix("/weight"): array.shape
        for address, array in net.params.items()
        if address.endswith("/weight")
    }
    upsampling = {"upscore": 63} if spec.backbone == "alexnet" else UPSAMPLING[staged(spec)]
    fixed = {
        f"{layer}{head}": (classes, classes, kernel, kernel)
        for head, classes in heads(spec).items()
        for layer, kernel in upsampling.items()
    }
    if spec.arch == "fcn8s-at-once":
        fixed |= {"scale_pool4": (512,), "scale_pool3": (256,)}
    scores = {
        f"{layer}{head}{stream}": (classes, channels, 1, 1)
        for head, classes in heads(spec).items()
        for stream in streams(spec)
        for layer, channels in list(SCORES.items())[: len(upsampling)]
    }
    assert {a: s for a, s in weights.items() if net.multipliers[f"{a}/weight"] == (0, 0)} == fixed
    assert {a: s for a, s in weights.items() if a.startswith("score")} == scores
    first, trunk = ("conv1", 7) if spec.backbone == "alexnet" else ("conv1_1", 15)
    assert len(weights) == len(fixed) + len(scores) + trunk * len(streams(spec))
    assert {f"{first}{stream}" for stream in streams(spec)} <= set(weights)
    biases = {address.removesuffix("/bias") for address in net.params if address.endswith("/bias")}
    assert biases == weights.keys() - fixed.keys()


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


@each_net
def test_the_scores_have_the_image_s_size(nets, name):
    spec = NETS[name].spec
    data = (1, 4 if spec.modality == "rgbd" else 3, 500, 375)
    inputs = {"data": data} | ({"hha": data} if spec.modality == "rgb-hha" else {})
    shapes = nets[name].shapes(**inputs)
    for suffix, classes in heads(spec).items():
        assert shapes[f"score{suffix}"] == (1, classes, 500, 375)
