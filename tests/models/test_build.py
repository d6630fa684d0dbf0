"""The description of a net, the net it describes, and its first weights."""

import dataclasses
import json
from math import log, sqrt

import numpy as np
import pytest

from minifcn.layers import Conv2d, Linear
from minifcn.models import ModelSpec, build, initialise
from minifcn.models.build import ARCHITECTURES, BACKBONES, OPTIONAL, base_net, image_size


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"arch": "fcn4s"},
            "arch must be one of fcn32s, fcn16s, fcn8s, fcn8s-at-once, classifier, not 'fcn4s'",
        ),
        (
            {"backbone": "vgg19"},
            "backbone must be one of vgg16, alexnet, alexnet-torchvision, googlenet, "
            "googlenet-torchvision, not 'vgg19'",
        ),
        ({"padding": "valid"}, "padding must be one of faithful, same, not 'valid'"),
        ({"modality": "lidar"}, "modality must be one of rgb, rgbd, hha, rgb-hha, not 'lidar'"),
        ({"fuse": "mean"}, "fuse must be one of sum, max, not 'mean'"),
        ({"skip_scale": "two"}, "skip_scale must be one of usual, one, not 'two'"),
        ({"num_classes": 0}, "num_classes must be 1 to 65536, not 0"),
        ({"width": 0.0}, "width must be above 0 and at most 8, not 0.0"),
        ({"fc_channels": 0}, "fc_channels must be 1 to 65536, not 0"),
        ({"backbone": "googlenet", "fc_channels": 10}, "fc_channels must not .* as googlenet"),
        ({"fc_kernel": 7}, "fc_kernel must be 2, 3 or 4; left out it is the published 7, not 7"),
        ({"backbone": "alexnet", "fc_kernel": 3}, "fc_kernel must not .* as fcn8s on alexnet"),
        ({"arch": "classifier", "fc_kernel": 3}, "fc_kernel must not .* as classifier on vgg16"),
        (
            {"num_classes": 256},
            "an FCN has at most 255 classes, for a label map says 255 where nothing counts, "
            "not 256",
        ),
        ({"num_classes": 2, "heads": {"sem": 2, "geo": 256}}, "an FCN has at most 255 .* 256"),
        ({"heads": {"sem": 4, "geo": 3}}, "the first of .* must have 21 classes"),
        ({"arch": "classifier", "modality": "rgbd"}, "a classifier takes colour .*"),
    ],
)
def test_a_description_of_no_net_is_refused(fields, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        ModelSpec(**fields)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_classifier_learns_class_255_too(backbone):
    net = build(ModelSpec("classifier", backbone, 300, 0.02, "same"))
    size = image_size(ModelSpec("classifier", backbone, 300, 0.02, "same"))
    inputs = {"data": np.zeros((1, 3, size, size), np.float32), "label": np.array([255])}
    outputs, _ = net.forward(inputs, outputs=["loss"])
    assert float(outputs["loss"]) == pytest.approx(log(300))


def test_a_description_goes_through_json_and_back():
    how = ("same", 10, "rgbd", {"sem": 5, "geo": 255}, "max", "one", 3)
    spec = ModelSpec("fcn16s", "vgg16", 5, 0.125, *how)
    stored = json.loads(json.dumps(spec.to_dict()))
    assert list(stored.values()) == list(dataclasses.astuple(spec))
    assert ModelSpec.from_dict(stored | {"licence": "none of its business"}) == spec


def test_a_stored_description_must_be_whole_and_right():
    stored = ModelSpec().to_dict()
    for name in OPTIONAL:
        del stored[name]
    assert ModelSpec.from_dict(stored) == ModelSpec()  # as the first files have it
    with pytest.raises(ValueError, match="arch must be one of"):
        ModelSpec.from_dict(stored | {"arch": "fcn4s"})
    del stored["width"], stored["padding"]
    with pytest.raises(ValueError, match="lacks width, padding$"):
        ModelSpec.from_dict(stored)


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_every_architecture_is_built_from_its_description(arch, backbone):
    net = build(ModelSpec(arch, backbone, num_classes=7, width=1 / 64))
    size = base_net(backbone).image_size
    shapes = net.shapes(data=(1, 3, size, size))
    assert net.inputs == ("data", "label") and net.outputs == ("loss",)
    if arch == "classifier":
        scores, _ = net.nodes[-1].bottoms
        assert shapes[scores] == (1, 7)
    else:
        assert shapes["score"] == (1, 7, size, size)


def test_the_options_of_training_reach_the_net():
    net = build(ModelSpec(width=1 / 64), normalization="none", learn_upsampling=True)
    assert net.layer("loss").normalization == "none"
    assert net.multipliers["upscore2/weight"] == (1.0, 1.0)
    assert build(ModelSpec(width=1 / 64)).layer("loss").normalization == "valid"


@pytest.mark.parametrize("arch", ["classifier", "fcn8s-at-once"])
def test_drawn_weights_have_he_s_standard_deviation(arch):
    net = build(ModelSpec(arch, width=1 / 8))
    initialise(net, 0)
    checked = 0
    for name, layer in net.owners().items():
        if isinstance(layer, (Conv2d, Linear)) and not name.startswith(("score", "fc8")):
            weight = layer.params["weight"].astype(np.float64)
            expected = sqrt(2 / weight[0].size)  # fan-in: channels * kernel height * width
            # Of n normal numbers the mean strays by 1/sqrt(n) of the deviation, the deviation by
            # 1/sqrt(2 n) of itself; five times that is never seen.
            assert abs(weight.mean()) < 5 * expected / sqrt(weight.size), name
            assert abs(weight.std() / expected - 1) < 5 / sqrt(2 * weight.size), name
            checked += 1
    assert checked == 15  # 13 convolutions, fc6 and fc7


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("arch", ["classifier", "fcn8s-at-once"])
def test_only_weights_are_drawn_and_the_last_layers_stay_at_zero(arch, backbone):
    spec = ModelSpec(arch, backbone, width=1 / 64)
    net, before = build(spec), build(spec).params
    initialise(net)
    for address, array in net.params.items():
        if address.startswith(("upscore", "scale")):
            assert before[address].any(), address
            np.testing.assert_array_equal(array, before[address])
        else:
            last = address.startswith(("score", base_net(backbone).last_layer))
            assert array.any() == (address.endswith("weight") and not last), address
            assert not before[address].any(), address


def test_a_seed_decides_the_weights():
    def drawn(seed: int, dtype: str = "float32", arch: str = "fcn32s") -> dict[str, np.ndarray]:
        net = build(ModelSpec(arch, width=1 / 64))
        net.astype(dtype)
        initialise(net, seed)
        return net.params

    first, double = drawn(1), drawn(1, "float64")
    # The score layers draw nothing, so a comparison of architectures starts from equal features.
    for other in (drawn(1), double, drawn(1, arch="fcn8s")):
        for name in first.keys() & other.keys():
            np.testing.assert_array_equal(other[name], first[name])
    assert (drawn(2)["conv1_1/weight"] != first["conv1_1/weight"]).all()
    assert double["fc6/weight"].dtype == np.float64 and first["fc6/weight"].dtype == np.float32


@pytest.mark.parametrize("arch", ["classifier", "fcn32s"])
@pytest.mark.parametrize("backbone", ["vgg16", "alexnet", "alexnet-torchvision"])
def test_the_fully_connected_layers_can_have_a_size_of_their_own(arch, backbone):
    params = build(ModelSpec(arch, backbone, width=1 / 64, fc_channels=10)).params
    assert params["fc6/weight"].shape[0] == params["fc7/weight"].shape[0] == 10
