"""The description of a net, the net it describes, and its first weights."""

from __future__ import annotations

import json
from math import log, sqrt

import numpy as np
import pytest

from minifcn.layers import Conv2d, Linear
from minifcn.models import ModelSpec, build, initialise
from minifcn.models.build import ARCHITECTURES, BACKBONES, base_net, image_size


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (
            "arch",
            "fcn4s",
            "arch must be one of fcn32s, fcn16s, fcn8s, fcn8s-at-once, classifier, not 'fcn4s'",
        ),
        (
            "backbone",
            "vgg19",
            "backbone must be one of vgg16, alexnet, alexnet-torchvision, googlenet, "
            "googlenet-torchvision, not 'vgg19'",
        ),
        ("padding", "valid", "padding must be one of faithful, same, not 'valid'"),
        ("num_classes", 0, "num_classes must be 1 to 65536, not 0"),
        ("width", 0.0, "width must be above 0 and at most 8, not 0.0"),
        (
            "num_classes",
            256,
            "an FCN has at most 255 classes, for a label map says 255 where nothing counts, "
            "not 256",
        ),
    ],
)
def test_a_description_of_no_net_is_refused(field, value, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        ModelSpec(**{field: value})


def test_no_head_has_more_classes_than_a_label_map_can_tell_apart():
    ModelSpec(num_classes=2, heads={"sem": 2, "geo": 255})
    with pytest.raises(ValueError, match="an FCN has at most 255 classes, .* not 256"):
        ModelSpec(num_classes=2, heads={"sem": 2, "geo": 256})


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_classifier_learns_class_255_too(backbone):
    net = build(ModelSpec("classifier", backbone, 300, 0.02, "same"))
    size = image_size(ModelSpec("classifier", backbone, 300, 0.02, "same"))
    inputs = {"data": np.zeros((1, 3, size, size), np.float32), "label": np.array([255])}
    outputs, _ = net.forward(inputs, outputs=["loss"])
    assert float(outputs["loss"]) == pytest.approx(log(300))


def test_a_description_goes_through_json_and_back():
    spec = ModelSpec("fcn16s", num_classes=5, width=0.125, padding="same")
    stored = json.loads(json.dumps(spec.to_dict()))
    assert stored == {
        "arch": "fcn16s",
        "backbone": "vgg16",
        "num_classes": 5,
        "width": 0.125,
        "padding": "same",
        "fc_channels": None,
        "modality": "rgb",
        "heads": None,
    }
    assert ModelSpec.from_dict(stored | {"licence": "none of its business"}) == spec


def test_a_stored_description_must_be_whole_and_right():
    stored = ModelSpec().to_dict()
    del stored["width"], stored["padding"]
    with pytest.raises(ValueError, match="lacks width, padding$"):
        ModelSpec.from_dict(stored)
    with pytest.raises(ValueError, match="arch must be one of"):
        ModelSpec.from_dict(ModelSpec().to_dict() | {"arch": "fcn4s"})


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


def test_a_new_net_is_zero_but_for_its_upsampling():
    params = build(ModelSpec(width=1 / 64)).params
    assert {name for name, array in params.items() if array.any()} == {
        "upscore2/weight",
        "upscore_pool4/weight",
        "upscore8/weight",
    }


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
def test_of_a_classifier_s_weights_only_the_last_stay_at_zero(backbone):
    net = build(ModelSpec("classifier", backbone, width=1 / 64))
    initialise(net)
    last = base_net(backbone).last_layer
    for name, array in net.params.items():
        assert array.any() == (name.endswith("weight") and name != f"{last}/weight"), name


def test_only_weights_are_drawn_and_the_last_layers_stay_at_zero():
    spec = ModelSpec("fcn8s-at-once", width=1 / 64)
    net, before = build(spec), build(spec).params
    initialise(net, 0)
    for name, array in net.params.items():
        if name.endswith("bias") or name.startswith("score"):
            assert not array.any(), name
        elif name.startswith(("upscore", "scale")):
            np.testing.assert_array_equal(array, before[name])
        else:
            assert array.any(), name
    classifier = build(ModelSpec("classifier", width=1 / 64))
    initialise(classifier, 0)
    assert not classifier.params["fc8/weight"].any() and classifier.params["fc7/weight"].any()


def test_a_seed_decides_the_weights():
    def drawn(seed: int, dtype: str = "float32") -> dict[str, np.ndarray]:
        net = build(ModelSpec("fcn32s", width=1 / 64))
        net.astype(dtype)
        initialise(net, seed)
        return net.params

    first = drawn(1)
    for name, array in drawn(1).items():
        np.testing.assert_array_equal(array, first[name])
    assert (drawn(2)["conv1_1/weight"] != first["conv1_1/weight"]).all()
    double = drawn(1, "float64")["fc6/weight"]
    assert double.dtype == np.float64 and first["fc6/weight"].dtype == np.float32
    np.testing.assert_array_equal(double, first["fc6/weight"])


def test_nets_with_the_same_trunk_start_with_the_same_trunk():
    # The score layers draw nothing, so a comparison of architectures starts from equal features.
    params = []
    for arch in ("fcn32s", "fcn8s"):
        net = build(ModelSpec(arch, width=1 / 64))
        initialise(net, 3)
        params.append(net.params)
    for name in params[0].keys() & params[1].keys():
        np.testing.assert_array_equal(params[0][name], params[1][name])


@pytest.mark.parametrize("arch", ["classifier", "fcn32s"])
@pytest.mark.parametrize("backbone", ["vgg16", "alexnet", "alexnet-torchvision"])
def test_the_fully_connected_layers_can_have_a_size_of_their_own(arch, backbone):
    params = build(ModelSpec(arch, backbone, width=1 / 64, fc_channels=10)).params
    assert params["fc6/weight"].shape[0] == params["fc7/weight"].shape[0] == 10


@pytest.mark.parametrize(("backbone", "channels"), [("vgg16", 0), ("googlenet", 10)])
def test_such_a_size_must_be_possible(backbone, channels):
    with pytest.raises(ValueError, match="fc_channels"):
        ModelSpec("fcn32s", backbone, fc_channels=channels)


def test_a_description_without_such_a_size_is_of_the_published_one():
    stored = ModelSpec().to_dict()
    del stored["fc_channels"]
    assert ModelSpec.from_dict(stored) == ModelSpec()
