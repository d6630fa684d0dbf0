"""One VGG16, in every framework's names and layouts: each gives the same parameters of ours."""

import numpy as np
import pytest
from helpers.vgg_files import (
    CLASSIFIER,
    WIDTH,
    keras_source,
    matconvnet_source,
    numpy_source,
    random_params,
    split,
    torch_source,
)

from minifcn.models.build import ModelSpec
from minifcn.weights.importing.conventions import interpret
from minifcn.weights.importing.conversion import fit, parameter_shapes, spec_of
from minifcn.weights.importing.formats.source import Source
from minifcn.weights.store import WeightsError

VGG = {"order": "BGR", "mean": [103.939, 116.779, 123.68], "scale": 1.0}
AT_ONCE = ModelSpec("fcn8s-at-once", "vgg16", 21, WIDTH)


def assert_same(source, params, spec=CLASSIFIER, **options):
    meaning = interpret(source, **options)
    assert spec_of(meaning) == spec
    fitted, missing, surplus = fit(dict(meaning.params), parameter_shapes(spec))
    assert not missing and not surplus and not meaning.left_out
    for address, param in params.items():
        np.testing.assert_array_equal(fitted[address], param, err_msg=address)
    return meaning


@pytest.mark.parametrize("theano", [False, True])
def test_keras_in_both_layouts(theano):
    params = random_params()
    assert assert_same(keras_source(params, theano=theano), params).preprocess == VGG


def test_keras_of_theano_layout_and_unflipped_kernels_has_to_be_told():
    params = random_params()
    turned = {a: p[:, :, ::-1, ::-1] if p.ndim == 4 else p for a, p in params.items()}
    assert_same(keras_source(turned, theano=True), params, flipped=False)


@pytest.mark.parametrize("style", ["chainer", "dezero", "tensorflow", "frossard"])
def test_numpy_files(style):
    params = random_params()
    assert assert_same(numpy_source(params, style), params).preprocess == VGG


@pytest.mark.parametrize("dagnn", [False, True])
def test_matconvnet(dagnn):
    params = random_params()
    assert assert_same(matconvnet_source(params, dagnn=dagnn), params).preprocess == VGG


def test_torchvision_with_caffes_colours():
    params = random_params()
    assert assert_same(torch_source(params), params, colours="caffe").preprocess == VGG


def test_jcjohnsons_names_are_told_to_be_caffes():
    params = random_params()
    source = torch_source(params)
    old = {"classifier.0": "classifier.1", "classifier.3": "classifier.4"}
    arrays = {
        ".".join([old.get(n.rpartition(".")[0], n.rpartition(".")[0]), n.rpartition(".")[2]]): a
        for n, a in source.arrays.items()
    }
    assert assert_same(source._replace(arrays=arrays), params).preprocess == VGG


def test_torchvisions_preprocessing_is_folded_into_the_first_layer():
    params = random_params()
    meaning = interpret(torch_source(params))
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (3, 9, 9)).astype(np.float64)  # RGB
    mean, std = (np.reshape(v, (3, 1, 1)) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    theirs = np.pad((pixels / 255 - mean) / std, ((0, 0), (4, 4), (4, 4)))
    bgr = np.reshape(meaning.preprocess["mean"], (3, 1, 1))
    ours = np.pad(pixels[::-1] - bgr, ((0, 0), (4, 4), (4, 4)))
    windows = [
        np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2)) for x in (theirs, ours)
    ]
    weights = [params["conv1_1/weight"], meaning.params["conv1_1/weight"]]
    scores = [
        np.einsum("fcab,cijab->fij", w.astype(np.float64), x)
        for w, x in zip(weights, windows, strict=True)
    ]
    np.testing.assert_allclose(scores[1], scores[0], rtol=1e-5, atol=1e-5)


def test_features_alone_of_ssd_are_raw_colours():
    params = random_params()
    source = torch_source(params)
    arrays = {
        name: np.full_like(a, np.nan) if name.startswith("classifier") else a
        for name, a in source.arrays.items()
    }
    meaning = interpret(source._replace(arrays=arrays))
    first = params["conv1_1/weight"][:, ::-1]
    np.testing.assert_array_equal(meaning.params["conv1_1/weight"], first)
    assert meaning.preprocess["mean"] == pytest.approx([104, 117, 123], abs=0.01)
    assert set(meaning.left_out.values()) == {"not a number"}


def test_a_complete_fcn_with_caffes_names_loads_from_torch_and_chainer():
    params = random_params(AT_ONCE)
    torch = {a.replace("/", "."): p for a, p in params.items()}
    assert_same(Source("PyTorch", "torch", torch, {}), params, AT_ONCE)
    staged = ModelSpec("fcn16s", "vgg16", 21, WIDTH)
    params = random_params(staged)
    meaning = assert_same(numpy_source(params, "chainer"), params, staged)
    assert meaning.preprocess["mean"] == [104.00698793, 116.66876762, 122.67891434]


def test_a_complete_fcn_loads_from_matconvnet():
    spec = ModelSpec("fcn8s", "vgg16", 21, WIDTH)
    params = random_params(spec)
    assert_same(matconvnet_source(params, dagnn=True), params, spec)


@pytest.mark.parametrize("era", ["old", "new"])
def test_caffe_in_old_and_new_shapes(era):
    params = random_params()
    arrays, kinds = {}, {}
    for address, param in params.items():
        layer, is_weight = split(address)
        kinds[layer] = "InnerProduct" if layer.startswith("fc") else "Convolution"
        shape = (1,) * (4 - param.ndim) + param.shape if era == "old" else param.shape
        arrays[f"{layer}/{0 if is_weight else 1}"] = param.reshape(shape)
    arrays["loss1/fc/0"] = np.zeros((2, 2), np.float32)
    layers = [{"name": n, "type": k, "bottoms": [], "tops": []} for n, k in kinds.items()]
    meaning = interpret(Source("Caffe", "caffe", arrays, {"layers": layers}))
    assert list(meaning.left_out) == ["loss1/fc/0"]
    for address, param in params.items():
        np.testing.assert_array_equal(meaning.params[address], param)


def test_the_mean_that_a_caffe_file_tells_is_taken():
    arrays = {"conv1_1/0": np.zeros((2, 3, 3, 3), np.float32)}
    data = {"name": "d", "type": "Data", "bottoms": [], "tops": []}
    layers = [data | {"transform": {"mean_value": [1.0, 2.0, 3.0]}}]
    meaning = interpret(Source("Caffe", "caffe", arrays, {"layers": layers}))
    assert meaning.preprocess == {"order": "BGR", "mean": [1, 2, 3], "scale": 1.0}


def test_a_caffe_net_that_saw_hha_says_so():
    arrays = {"conv1_1/0": np.zeros((2, 3, 3, 3), np.float32)}
    layers = [{"name": "data", "type": "Python", "bottoms": [], "tops": ["hha", "label"]}]
    meaning = interpret(Source("Caffe", "caffe", arrays, {"layers": layers}))
    assert meaning.modality == "hha"
    assert meaning.preprocess["order"] == "RGB"


def test_the_original_alexnet_is_refused():
    layers = [{"name": "norm1", "type": "LRN", "bottoms": ["conv1"], "tops": ["norm1"]}]
    with pytest.raises(WeightsError, match="normalises before it pools"):
        interpret(Source("Caffe", "caffe", {}, {"layers": layers}))


@pytest.mark.parametrize("framework", ["torch", "keras", "numpy", "matconvnet", "safetensors"])
def test_names_of_no_known_net_are_quoted(framework):
    facts = {"layers": {"stem": ["stem/w"]}, "average_image": [], "class_names": []}
    source = Source("file", framework, {"stem.w": np.zeros((2, 3, 3, 3))}, facts)
    with pytest.raises(WeightsError, match="stem"):
        interpret(source)
