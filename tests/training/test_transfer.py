"""What a training starts from: the net follows its weights, and what is new is announced."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.preprocessing import CAFFE_VOC

from minifcn.data import open_dataset
from minifcn.data.inputs import net_inputs
from minifcn.data.transforms import Preprocess
from minifcn.inference.model import Model, save_model
from minifcn.models.build import ModelSpec, build, initialise
from minifcn.reference.data_sets import HHA_MEAN
from minifcn.training.prepare import make_model
from minifcn.training.settings import SettingsError, resolve
from minifcn.training.transfer import follow_weights, settle, start_from
from minifcn.weights.store import WeightsError, save_weights

WIDTH = 1 / 16


@pytest.fixture
def saved(tmp_path):
    """Return a function that saves a random net and returns its file and its parameters."""

    def save(spec, *, without=()):
        net = build(spec)
        initialise(net, 1)
        file = tmp_path / "weights.h5"
        save_model(file, Model(net, spec, CAFFE_VOC, ("a",) * spec.num_classes, []))
        if without:
            model = Model(net, spec, CAFFE_VOC, (), [])
            params = {a: p for a, p in net.params.items() if not a.startswith(without)}
            attributes = {**model.spec.to_dict(), "preprocess": CAFFE_VOC.to_dict()}
            save_weights(file, params, attributes)
        return file, net.params

    return save


def start(spec, file):
    net, notes = build(spec), []
    initialise(net, 2)
    preprocess, _ = start_from(net, spec, str(file), notes.append)
    return net, preprocess, notes[0]


@pytest.mark.parametrize("backbone", ["vgg16", "alexnet", "googlenet", "googlenet-torchvision"])
def test_a_classifier_becomes_an_fcn(saved, backbone):
    file, params = saved(ModelSpec("classifier", backbone, 5, WIDTH))
    net, preprocess, note = start(ModelSpec("fcn8s", backbone, 3, WIDTH), file)
    assert preprocess == CAFFE_VOC
    assert "new: score_fr" in note
    new = ("score", "upscore", "scale_")
    carried = [address for address in net.params if not address.startswith(new)]
    for address in carried:
        np.testing.assert_array_equal(net.params[address].ravel(), params[address].ravel())


def test_a_trunk_gets_new_fully_connected_layers(saved):
    file, params = saved(ModelSpec("classifier", "vgg16", 5, WIDTH), without=("fc",))
    spec = ModelSpec("fcn32s", "vgg16", 3, WIDTH, fc_channels=24)
    net, _, note = start(spec, file)
    assert "new: fc6, fc7, score_fr" in note
    assert net.params["fc6/weight"].shape == (24, 32, 7, 7)
    assert net.params["fc6/weight"].std() > 0
    np.testing.assert_array_equal(net.params["conv5_3/weight"], params["conv5_3/weight"])


def test_fully_connected_layers_of_another_size_are_new(saved):
    file, _ = saved(ModelSpec("classifier", "vgg16", 5, WIDTH))
    spec = ModelSpec("fcn32s", "vgg16", 3, WIDTH, fc_channels=24)
    assert "new: fc6, fc7, score_fr" in start(spec, file)[2]


def test_an_fc6_of_another_kernel_is_new_with_all_that_reads_it(saved):
    file, _ = saved(ModelSpec("fcn32s", "vgg16", 3, WIDTH))
    net, _, note = start(ModelSpec("fcn32s", "vgg16", 3, WIDTH, fc_kernel=3), file)
    assert note.endswith("new: fc6, fc7, score_fr")
    assert not net.params["score_fr/weight"].any()


def test_an_fc6_of_the_same_kernel_is_carried_over(saved):
    spec = ModelSpec("fcn32s", "vgg16", 3, WIDTH, fc_kernel=3)
    file, params = saved(spec)
    net, _, note = start(spec, file)
    assert note.endswith("new: none")
    np.testing.assert_array_equal(net.params["fc6/weight"], params["fc6/weight"])


def test_new_layers_give_zero_mean_and_unit_variance_however_large_their_inputs():
    net = build(ModelSpec("fcn32s", "vgg16", 3, WIDTH, "same", fc_channels=24))
    initialise(net, 3)
    net.params["conv5_3/weight"][:] *= 1000
    net.params["fc7/bias"][:] = 5
    rng = np.random.default_rng(0)
    images = [{"data": rng.standard_normal((3, 96, 64)).astype(np.float32)} for _ in range(3)]
    kept = net.params["conv5_3/weight"].copy()
    settle(net, ["fc6", "fc7"], images)
    for layer in ("fc6", "fc7"):
        outputs = [net.forward({"data": i["data"][None]}, outputs=[layer])[0] for i in images]
        pixels = np.concatenate([o[layer].reshape(24, -1) for o in outputs], axis=1)
        np.testing.assert_allclose(pixels.mean(axis=1), 0, atol=1e-3)
        np.testing.assert_allclose(pixels.std(axis=1), 1, rtol=1e-3)
    np.testing.assert_array_equal(net.params["conv5_3/weight"], kept)


CLASSIFIER = ModelSpec("classifier", "vgg16", 5, WIDTH)
FCN = ModelSpec("fcn32s", "vgg16", 3, WIDTH)


@pytest.mark.parametrize(
    ("spec", "without", "error", "message"),
    [
        (CLASSIFIER, ("conv4_2",), WeightsError, "conv4_2"),
        (replace(CLASSIFIER, backbone="alexnet"), (), SettingsError, "holds a alexnet of width"),
        (replace(FCN, modality="rgbd"), (), SettingsError, "sees rgbd; one that sees rgb cannot"),
    ],
)
def test_weights_with_a_hole_or_of_another_net_are_refused(saved, spec, without, error, message):
    file, _ = saved(spec, without=without)
    with pytest.raises(error, match=message):
        start(FCN, file)


def test_the_net_follows_its_weights_but_for_what_is_given(saved):
    file, _ = saved(ModelSpec("fcn32s", "vgg16", 5, WIDTH, fc_channels=8, fc_kernel=3))
    given = {"weights": str(file), "width": None, "backbone": None, "steps": 3}
    expected = {**given, "width": WIDTH, "backbone": "vgg16", "fc_channels": 8, "fc_kernel": 3}
    assert follow_weights(given) == expected
    assert follow_weights({**given, "fc_channels": 16})["fc_channels"] == 16
    for weights in (None, "shipped", "none"):
        assert follow_weights({"weights": weights}) == {"weights": weights}


def test_depth_starts_as_the_mean_of_the_colours(saved):
    file, params = saved(ModelSpec("classifier", "vgg16", 5, WIDTH))
    net, _, _ = start(ModelSpec("fcn32s", "vgg16", 3, WIDTH, modality="rgbd"), file)
    first = net.params["conv1_1/weight"]
    np.testing.assert_array_equal(first[:, :3], params["conv1_1/weight"])
    np.testing.assert_allclose(first[:, 3], params["conv1_1/weight"].mean(axis=1), rtol=1e-6)


def test_hha_is_taken_as_if_it_were_colour(saved):
    file, params = saved(ModelSpec("classifier", "vgg16", 5, WIDTH))
    net, preprocess, _ = start(ModelSpec("fcn32s", "vgg16", 3, WIDTH, modality="hha"), file)
    np.testing.assert_array_equal(net.params["conv1_1/weight"], params["conv1_1/weight"])
    assert preprocess == Preprocess("RGB", HHA_MEAN)


def test_both_streams_start_from_one_classifier(saved):
    file, params = saved(ModelSpec("classifier", "vgg16", 5, WIDTH))
    net, _, _ = start(ModelSpec("fcn32s", "vgg16", 3, WIDTH, modality="rgb-hha"), file)
    for stream in ("color", "hha"):
        copied = net.params[f"conv3_2{stream}/weight"]
        np.testing.assert_array_equal(copied, params["conv3_2/weight"])


def test_each_stream_starts_from_its_own_net_with_its_scores(saved, tmp_path):
    files = {}
    for modality in ("rgb", "hha"):
        file, params = saved(ModelSpec("fcn32s", "vgg16", 3, WIDTH, modality=modality))
        files[modality] = file.rename(tmp_path / f"{modality}.h5")
        params["score_fr/bias"][:] = 1 if modality == "rgb" else 2
        spec = ModelSpec("fcn32s", "vgg16", 3, WIDTH, modality=modality)
        attributes = {**spec.to_dict(), "preprocess": CAFFE_VOC.to_dict()}
        save_weights(files[modality], params, attributes)
    spec = ModelSpec("fcn32s", "vgg16", 3, WIDTH, modality="rgb-hha")
    net, notes = build(spec), []
    start_from(net, spec, str(files["rgb"]), notes.append, str(files["hha"]))
    assert net.params["score_frcolor/bias"].tolist() == [1, 1, 1]
    assert net.params["score_frhha/bias"].tolist() == [2, 2, 2]
    assert notes[0].endswith("new: upscore")


def test_a_further_head_makes_all_scores_new(saved):
    file, _ = saved(ModelSpec("fcn32s", "vgg16", 3, WIDTH))
    spec = ModelSpec("fcn32s", "vgg16", 3, WIDTH, heads={"sem": 3, "geo": 2})
    assert "new: score_fr_sem, upscore_sem, score_fr_geo, upscore_geo" in start(spec, file)[2]


def test_a_training_settles_the_new_layers_on_its_own_images(saved):
    file, _ = saved(ModelSpec("classifier", "vgg16", 5, WIDTH), without=("fc",))
    options = {"size": (64, 64), "length": 2}
    settings = resolve(
        "shapes", weights=str(file), width=WIDTH, fc_channels=24, data_options=options
    )
    data = open_dataset("shapes", "train", **options)
    model = make_model(settings, data)
    images = [net_inputs(data[i].image, {}, model.preprocess)["data"][None] for i in range(2)]
    outputs = [model.net.forward({"data": x}, outputs=["fc6"])[0]["fc6"] for x in images]
    pixels = np.concatenate([y.reshape(24, -1) for y in outputs], axis=1)
    np.testing.assert_allclose(pixels.std(axis=1), 1, rtol=1e-3)
