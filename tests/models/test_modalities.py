"""Nets with further inputs and several heads: the names, shapes and crops of the reference's."""

import numpy as np
import pytest

from minifcn.layers import EltwiseSum
from minifcn.models.build import BACKBONES, ModelSpec, build

NARROW = 1 / 64


def net(arch, **fields):
    return build(ModelSpec(arch, width=NARROW, **fields))


@pytest.mark.parametrize("backbone", BACKBONES)
def test_early_fusion_widens_only_the_first_convolution(backbone):
    plain, wide = (
        net("fcn32s", backbone=backbone),
        net("fcn32s", backbone=backbone, modality="rgbd"),
    )
    (first,) = (a for a in plain.params if plain.params[a].shape != wide.params[a].shape)
    assert first == next(iter(plain.params)) and wide.params[first].shape[1] == 4
    assert wide.shapes(data=(1, 4, 40, 50))["score"] == (1, 21, 40, 50)


def test_late_fusion_averages_two_streams_that_share_no_layer():
    built = net("fcn32s", num_classes=40, modality="rgb-hha")
    assert built.inputs == ("data", "hha", "label")
    fused = next(node for node in built.nodes if node.name == "score_fused")
    assert isinstance(fused.layer, EltwiseSum)
    assert fused.bottoms == ("score_frcolor", "score_frhha")
    assert fused.layer.coefficients == (0.5, 0.5)
    assert built.params["conv1_1color/weight"] is not built.params["conv1_1hha/weight"]
    assert len(built.params) == 2 * len(net("fcn32s").params) - 1  # one upsampling


def test_late_fusion_of_equal_streams_is_one_of_them():
    rng = np.random.default_rng(0)
    one, two = net("fcn16s"), net("fcn16s", modality="rgb-hha")
    for address, weight in one.params.items():
        if address.startswith("upscore"):
            continue
        weight[...] = rng.standard_normal(weight.shape) * 0.3
        layer, _, part = address.rpartition("/")
        for stream in ("color", "hha"):
            two.params[f"{layer}{stream}/{part}"][...] = weight
    data = rng.standard_normal((1, 3, 33, 40)).astype(np.float32)
    (scores, _), (fused, _) = (
        one.forward({"data": data}, outputs=["score"]),
        two.forward({"data": data, "hha": data}, outputs=["score"]),
    )
    np.testing.assert_allclose(fused["score"], scores["score"], rtol=1e-5, atol=1e-6)


def test_two_heads_have_an_input_and_an_output_each():
    built = net("fcn8s", num_classes=33, heads={"sem": 33, "geo": 3})
    assert built.inputs == ("data", "label", "label_geo")
    assert built.outputs == ("loss", "loss_geo")


def test_a_head_gives_what_a_net_of_its_own_gives():
    rng = np.random.default_rng(0)
    both = net("fcn16s", num_classes=5, heads={"sem": 5, "geo": 3})
    alone = net("fcn16s", num_classes=3)
    for address, weight in both.params.items():
        if not address.startswith("upscore"):
            weight[...] = rng.standard_normal(weight.shape) * 0.3
    for address, weight in alone.params.items():
        layer, _, part = address.rpartition("/")
        theirs = address if address in both.params else f"{layer}_geo/{part}"
        weight[...] = both.params[theirs]
    data = rng.standard_normal((1, 3, 33, 40)).astype(np.float32)
    (scores, _), (joint, _) = (
        alone.forward({"data": data}, outputs=["score"]),
        both.forward({"data": data}, outputs=["score_geo"]),
    )
    np.testing.assert_array_equal(joint["score_geo"], scores["score"])


@pytest.mark.parametrize("learn", [True, False])
def test_the_twofold_upsampling_of_every_head_can_be_learned(learn):
    spec = ModelSpec("fcn8s", num_classes=5, width=NARROW, heads={"sem": 5, "geo": 3})
    multipliers = build(spec, learn_upsampling=learn).multipliers
    for head in ("sem", "geo"):
        assert (multipliers[f"upscore2_{head}/weight"][0] > 0) is learn
        assert multipliers[f"upscore8_{head}/weight"][0] == 0
