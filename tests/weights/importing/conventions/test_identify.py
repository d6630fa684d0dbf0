"""A set of parameters says which net it is of."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from minifcn.models.build import BACKBONES, ModelSpec, build
from minifcn.models.fcn import STRIDES
from minifcn.weights.importing.conventions.identify import identify
from minifcn.weights.store import WeightsError

WIDTH = 1 / 32
KINDS = (
    {"num_classes": 21},
    {"num_classes": 40, "modality": "rgb-hha"},
    {"num_classes": 40, "modality": "rgbd"},
    {"num_classes": 33, "heads": {"sem": 33, "geo": 3}},
)


@pytest.mark.parametrize(
    ("arch", "backbone", "kind"), list(itertools.product(STRIDES, BACKBONES, range(len(KINDS))))
)
def test_every_fcn_is_told_by_its_parameters(arch, backbone, kind):
    spec = ModelSpec(arch, backbone, width=WIDTH, **KINDS[kind])
    told = identify(build(spec).params)
    if (arch, backbone) == ("fcn8s", "googlenet"):  # scales its skips in stages too: the same net
        assert told == replace(spec, arch="fcn8s-at-once")
    else:
        assert told == spec


@pytest.mark.parametrize("backbone", [name for name in BACKBONES if name != "googlenet"])
def test_scales_in_code_leave_two_nets_until_one_is_named(backbone):
    params = build(ModelSpec("fcn8s", backbone, 21, WIDTH)).params
    with pytest.raises(WeightsError, match="it may be of fcn8s or fcn8s-at-once.*give --arch"):
        identify(params, scaled_in_code=True)
    for arch in ("fcn8s", "fcn8s-at-once"):
        assert identify(params, arch=arch, scaled_in_code=True).arch == arch


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_classifier_is_told_by_its_parameters(backbone):
    spec = ModelSpec("classifier", backbone, 1000, WIDTH)
    assert identify(build(spec).params) == spec


@pytest.mark.parametrize("backbone", ["vgg16", "alexnet"])
def test_fully_connected_layers_of_another_size_are_seen(backbone):
    spec = ModelSpec("classifier", backbone, 10, WIDTH, fc_channels=100)
    assert identify(build(spec).params) == spec


def test_a_trunk_is_the_classifier_that_it_was_cut_from():
    params = build(ModelSpec("classifier", "vgg16", 10, WIDTH)).params
    trunk = {address: p for address, p in params.items() if address.startswith("conv")}
    assert identify(trunk) == ModelSpec("classifier", "vgg16", 1000, WIDTH)


def test_a_net_of_three_channels_sees_what_the_file_says():
    params = build(ModelSpec("fcn32s", num_classes=40, width=WIDTH)).params
    assert identify(params, "hha").modality == "hha"


def test_parameters_of_another_net_are_refused_with_their_names():
    with pytest.raises(WeightsError, match=r"none of the nets.* 2 layers are stem, block1"):
        identify({"stem/weight": np.zeros(1), "block1/weight": np.zeros(1)})


def test_an_fcn_of_more_classes_than_a_label_map_can_tell_apart_is_refused():
    params = dict(build(ModelSpec("fcn32s", num_classes=2, width=WIDTH)).params)
    params["score_fr/weight"] = np.zeros((256, *params["score_fr/weight"].shape[1:]), np.float32)
    with pytest.raises(
        WeightsError, match="minifcn has no such net: an FCN has at most 255 classes"
    ):
        identify(params)
