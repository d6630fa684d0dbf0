"""Nets in other programs: ONNX Runtime computes what the net does, and every file comes back."""

import sys

import numpy as np
import pytest
from helpers.drawn import draw_all

from minifcn.data.transforms import Preprocess
from minifcn.inference.convert import convert
from minifcn.inference.export import EXPORTS, error_of, export
from minifcn.inference.model import Model, load_model, save_model
from minifcn.inference.onnx_graph import onnx_model
from minifcn.inference.onnx_layers import initializers
from minifcn.layers import Deconv2d
from minifcn.models import ModelSpec, build
from minifcn.system.extras import ExtraError
from minifcn.system.records import SettingsError
from minifcn.weights.importing.formats import read_source
from minifcn.weights.store import WeightsError, read_attributes, save_weights

onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

SPEC = ModelSpec("fcn8s", "googlenet", 3, 1 / 16, "same", heads={"sem": 3, "geo": 2})
COLOURS = [[1, 2, 3], [40, 50, 60], [200, 210, 220]]
PREPROCESS = Preprocess("BGR", (1.0, 2.0, 3.0), 0.5)
SIZES = ((64, 48), (75, 101))
NETS = (
    ModelSpec("fcn32s", "vgg16", 3, 1 / 32),
    ModelSpec("fcn8s-at-once", "vgg16", 3, 1 / 32, fc_channels=32, fc_kernel=3),
    ModelSpec("fcn8s", "vgg16", 3, 1 / 32, "same"),
    ModelSpec("fcn8s", "alexnet", 3, 1 / 16),
    ModelSpec("fcn16s", "alexnet-torchvision", 3, 1 / 16, "same"),
    ModelSpec("fcn8s", "googlenet", 3, 1 / 16),
    ModelSpec("fcn8s", "googlenet-torchvision", 3, 1 / 16),
    ModelSpec("fcn16s", "vgg16", 3, 1 / 32, "same", modality="rgbd"),
    ModelSpec("fcn16s", "vgg16", 3, 1 / 32, "same", modality="hha"),
    ModelSpec("fcn16s", "vgg16", 3, 1 / 32, "same", modality="rgb-hha"),
    ModelSpec("fcn8s", "googlenet", 3, 1 / 16, "same", fuse="max", skip_scale="one"),
    ModelSpec("fcn8s", "vgg16", 3, 1 / 32, fuse="max"),
    SPEC,
)


def model_of(spec, preprocess=PREPROCESS):
    extra = {"geo": ("lying", "upright")} if spec.heads else {}
    net = draw_all(build(spec, learn_upsampling=True))
    return Model(net, spec, preprocess, ("sky", "road", "tree"), COLOURS, extra)


@pytest.fixture
def file(tmp_path):
    """A weight file of ours, of a net with two heads and colours of its own."""
    save_model(tmp_path / "ours.h5", model_of(SPEC), dataset="folder", licence="CC BY-NC 4.0")
    return tmp_path / "ours.h5"


@pytest.mark.parametrize(
    "spec", NETS, ids=lambda spec: f"{spec.arch}/{spec.backbone}/{spec.padding}/{spec.modality}"
)
def test_scores_are_those_of_the_net_at_any_size(spec):
    model = model_of(spec)
    made = onnx_model(model, {}).SerializeToString()
    assert max(error_of(made, model, size) for size in SIZES) < 2e-6


@pytest.mark.parametrize(
    "preprocess",
    [Preprocess("RGB", (120.0, 110.0, 100.0)), Preprocess("BGR", (1, 2, 3), (1, 2, 3))],
)
def test_the_preprocessing_is_in_the_graph(preprocess):
    model = model_of(ModelSpec("fcn32s", "vgg16", 3, 1 / 64, "same"), preprocess)
    assert error_of(onnx_model(model, {}).SerializeToString(), model, (40, 50)) < 2e-6


def test_depth_that_is_not_known_counts_as_in_the_net():
    model = model_of(NETS[7])
    engine = onnxruntime.InferenceSession(onnx_model(model, {}).SerializeToString())
    depth = np.full((1, 32, 32), 2.0, np.float32)
    known = engine.run(["score"], {"image": np.zeros((1, 32, 32, 3), np.uint8), "depth": depth})
    depth[0, 0, :4] = np.nan, np.inf, -np.inf, -1.0
    (odd,) = engine.run(["score"], {"image": np.zeros((1, 32, 32, 3), np.uint8), "depth": depth})
    assert np.isfinite(odd).all() and not np.array_equal(odd, known[0])


def test_a_fixed_size_is_in_the_interface_and_other_images_are_refused():
    model = model_of(NETS[2])
    made = onnx_model(model, {}, (40, 56)).SerializeToString()
    engine = onnxruntime.InferenceSession(made)
    assert engine.get_inputs()[0].shape == ["batch", 40, 56, 3]
    assert [output.shape for output in engine.get_outputs()] == [
        ["batch", 3, 40, 56],
        ["batch", 40, 56],
    ]
    assert error_of(made, model, (40, 56)) < 2e-6
    with pytest.raises(Exception, match="Expected: 40"):
        error_of(made, model, (41, 56))


def test_labels_are_the_classes_of_the_highest_scores_of_each_head(file):
    export(file, file.with_name("net.onnx"))
    engine = onnxruntime.InferenceSession(file.with_name("net.onnx"))
    assert [output.name for output in engine.get_outputs()] == [
        *("score_sem", "label_sem", "score_geo", "label_geo")
    ]
    image = np.random.default_rng(0).integers(0, 256, (2, 48, 40, 3), np.uint8)
    scores, labels = engine.run(["score_geo", "label_geo"], {"image": image})
    np.testing.assert_array_equal(labels, scores.argmax(1))
    assert labels.shape == (2, 48, 40)


@pytest.mark.parametrize("ending", EXPORTS)
def test_a_net_is_loaded_from_each_kind_of_file_as_it_was(file, ending):
    there = file.with_name(f"net{ending}")
    export(file, there)
    expected, found = load_model(file), load_model(there)
    assert found._replace(net=None) == expected._replace(net=None)
    for address, array in expected.net.params.items():
        np.testing.assert_array_equal(found.net.params[address], array, err_msg=address)


def test_upsampling_that_mixes_no_channels_is_stored_without_its_zeros():
    bilinear, mixing = (Deconv2d(3, 3, 4, stride=2, bilinear=True) for _ in range(2))
    mixing.params["weight"][0, 1, 0, 0] = 1
    stored = [list(initializers("up", layer).values()) for layer in (bilinear, mixing)]
    assert [array.shape for (array,) in stored] == [(3, 1, 4, 4), (3, 3, 4, 4)]


def test_what_the_file_says_travels_along(file):
    export(file, file.with_name("net.onnx"))
    convert(file.with_name("net.onnx"), file.with_name("back.h5"))
    attributes = read_attributes(file.with_name("back.h5"))
    assert (attributes["dataset"], attributes["licence"]) == ("folder", "CC BY-NC 4.0")


def test_the_weight_file_is_read_once(file, monkeypatch):
    names = []

    def counted(path):
        names.append(path)
        return read_source(path)

    monkeypatch.setattr("minifcn.weights.importing.conversion.read_source", counted)
    monkeypatch.setattr("minifcn.inference.model.load_weights", counted)
    export(file, file.with_name("net.onnx"))
    assert names == [file]


def test_a_model_that_computes_something_else_is_not_written(file, monkeypatch):
    monkeypatch.setattr("minifcn.inference.export.error_of", lambda *_: float("nan"))
    with pytest.raises(WeightsError, match="was not written: with an image of 64 x 48"):
        export(file, file.with_name("net.onnx"))
    assert not file.with_name("net.onnx").exists()


def test_without_the_library_it_is_said_how_to_get_it(file, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ExtraError, match=r"pip install 'minifcn\[onnx\]' brings it"):
        export(file, file.with_name("net.onnx"))


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [("net.tflite", None, "must end in one of .onnx"), ("net.pth", (8, 8), "a size is for .onnx")],
)
def test_what_cannot_be_is_refused(file, name, size, message):
    with pytest.raises(SettingsError, match=message):
        export(file, file.with_name(name), size=size)
    assert not file.with_name(name).exists()


def test_a_file_that_lacks_weights_is_not_loaded(file, tmp_path):
    params = dict(load_model(file).net.params)
    attributes = read_attributes(file)
    del params["score_fr_geo/bias"]
    save_weights(file, params, attributes)
    export(file, tmp_path / "net.safetensors")
    with pytest.raises(WeightsError, match="has nothing for score_fr_geo/bias"):
        load_model(tmp_path / "net.safetensors")
