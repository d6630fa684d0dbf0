"""A weight file describes its net, or is refused in a sentence that says what is wrong."""

from typing import Any

import numpy as np
import pytest
from helpers.drawn import draw_all, image

from minifcn.data.transforms import Preprocess
from minifcn.inference.looks import Looks
from minifcn.inference.model import Model, load_model, save_model
from minifcn.models.build import ModelSpec, build
from minifcn.weights.store import WeightsError, load_weights, save_weights

NAMES = ("sky", "road", "tree")
SPEC = ModelSpec("fcn32s", "vgg16", 3, 1 / 64, "same", heads={"sem": 3, "geo": 2})


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Return the weight file of a net with two heads."""
    path = tmp_path_factory.mktemp("weights") / "weights.h5"
    colours = [[0, 0, 0], [1, 2, 3], [4, 5, 6]]
    preprocess = Preprocess("BGR", (1.0, 2.0, 3.0))
    save_model(path, Model(build(SPEC), SPEC, preprocess, NAMES, colours, {"geo": ("a", "b")}))
    return path


def test_what_was_saved_comes_back(file):
    model = load_model(file)
    assert (model.spec, model.class_names, model.extra_classes) == (
        SPEC,
        NAMES,
        {"geo": ("a", "b")},
    )


def test_how_it_looks_at_images_comes_back_and_one_look_leaves_no_trace(file, tmp_path):
    model, looks = load_model(file), Looks((0.75, 1.5), mirror=True)
    assert model.looks == Looks()
    assert "looks" not in load_weights(file).attributes
    save_model(tmp_path / "w.h5", model._replace(looks=looks))
    assert load_model(tmp_path / "w.h5").looks == looks


def test_a_classifier_that_looks_several_times_is_refused(tmp_path):
    spec = ModelSpec("classifier", "googlenet", 3, 1 / 64, "same")
    model = Model(build(spec), spec, Preprocess("BGR", (1, 2, 3)), NAMES, [])
    save_model(tmp_path / "odd.h5", model._replace(looks=Looks((0.5,))))
    with pytest.raises(WeightsError, match="weights of a classifier"):
        load_model(tmp_path / "odd.h5")


def test_how_skips_are_fused_and_scaled_and_fc6_comes_back(tmp_path):
    spec = ModelSpec(
        "fcn8s-at-once", "vgg16", 3, 1 / 64, "same", fuse="max", skip_scale="one", fc_kernel=3
    )
    net = draw_all(build(spec))
    save_model(tmp_path / "w.h5", Model(net, spec, Preprocess("BGR", (1, 2, 3)), NAMES, [[0] * 3]))
    model = load_model(tmp_path / "w.h5")
    assert model.spec == spec
    data = {"data": image(1, 3, 37, 45).astype(np.float32)}
    scores, again = (n.forward(data, outputs=["score"])[0]["score"] for n in (net, model.net))
    assert np.array_equal(scores, again)


ODD: dict[str, list[Any]] = {
    "arch": ["fcn4s", 8, None, []],
    "backbone": ["vgg", None, {}],
    "num_classes": [0, -1, 3.5, "3", None, 10**9, 10**40, True, 4],
    "width": [0, -1, "1", None, 1e9, float("nan"), float("inf"), True],
    "padding": ["none", 1],
    "fc_channels": [0, -1, 2.5, "8", 10**9],
    "fc_kernel": [0, 1, 7, 3.0, "3"],
    "modality": ["infrared", 1, None],
    "fuse": ["mean", 1, None],
    "skip_scale": ["two", 0.01, None],
    "heads": [3, [], {"sem": 0, "geo": 2}, {"sem": 3, "../geo": 2}, {"sem": "3"}, {"sem": 4}, None],
    "class_names": [["sky"], "sky", 3, None, {"0": "sky"}, ["a", "b", 3], [[], [], []]],
    "palette": [
        "voc",
        3,
        None,
        [[0, 0]],
        [[0, 0, 256]],
        [[0, 0, -1]],
        [[0.5, 0, 0]],
        [[0] * 3] * 300,
    ],
    "looks": [
        *(None, 3, [], {}, {"scales": [1]}, {"mirror": True}, {"scales": [1], "mirror": 1}),
        *(
            {"scales": scales, "mirror": False}
            for scales in ([], 1, "1", ["1"], [True], [None], [0], [-1], [0.01], [9], [1, 1.0])
        ),
        *({"scales": scales, "mirror": True} for scales in ([float("nan")], [10**400], None)),
        {"scales": [1 + n / 100 for n in range(17)], "mirror": False},
        {"scales": [0.5], "mirror": False, "more": 1},
    ],
    "extra_classes": [3, None, {}, {"geo": "ab"}, {"geo": ["a"]}, {"other": ["a", "b"]}],
    "preprocess": [
        *(None, 3, [], {}, {"order": "BGR"}),
        *({"order": o, "mean": [1, 2, 3], "scale": 1} for o in ("GBR", 3, None, [])),
        *({"order": "BGR", "mean": m, "scale": 1} for m in (3, [1, 2], ["1", 2, 3], [1, 2, None])),
        *({"order": "BGR", "mean": [1, 2, 3], "scale": s} for s in ("1", None, [1], [1, 2, "3"])),
        {"order": "BGR", "mean": [1, float("nan"), 3], "scale": 1},
        {"order": "BGR", "mean": [1, 2, 3], "scale": float("inf")},
    ],
}


@pytest.mark.parametrize(("name", "value"), [(n, value) for n in ODD for value in ODD[n]])
def test_a_description_that_was_tampered_with_is_refused(name, value, file, tmp_path):
    params, attributes = load_weights(file)
    save_weights(tmp_path / "odd.h5", params, attributes | {name: value})
    with pytest.raises(WeightsError, match=r"odd\.h5"):
        load_model(tmp_path / "odd.h5")


@pytest.mark.parametrize("name", ["num_classes", "width", "class_names", "palette", "preprocess"])
def test_a_description_that_lacks_something_is_refused(name, file, tmp_path):
    params, attributes = load_weights(file)
    del attributes[name]
    save_weights(tmp_path / "odd.h5", params, attributes)
    with pytest.raises(WeightsError, match=name):
        load_model(tmp_path / "odd.h5")
