"""Keras' weights of all versions come back under the names that the layers were given."""

import json
import zipfile
from itertools import chain

import h5py
import numpy as np
import pytest
from helpers import keras_files
from helpers.arrays import assert_bits_equal
from helpers.hostile import assert_refused
from helpers.weight_files import keras_archive

from minifcn.weights.importing.formats.keras_hdf5 import read_keras

f32 = np.float32


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vgg16.h5"


def arrays(*shapes):
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype(f32) for shape in shapes]


KERNEL, BIAS, DENSE, DENSE_BIAS = arrays((3, 3, 3, 4), (4,), (20, 5), (5,))


KERAS_1 = {
    "block1_conv1": {"block1_conv1_W_1:0": KERNEL, "block1_conv1_b_1:0": BIAS},
    "block1_pool": {},
    "fc1": {"fc1_W_1:0": DENSE, "fc1_b_1:0": DENSE_BIAS},
}
KERAS_2 = {
    "input_1": {},
    "predictions": {"predictions/kernel:0": DENSE, "predictions/bias:0": DENSE_BIAS},
    "block1_conv1": {"block1_conv1/kernel:0": KERNEL, "block1_conv1/bias:0": BIAS},
}


def test_the_vgg16_of_keras_applications(path):
    """Written by TensorFlow and Keras 1, as its names show."""
    keras_files.write_listed(path, KERAS_1)
    source = read_keras(path)
    assert (source.format, source.framework) == ("Keras HDF5", "keras")
    expected = {
        "block1_conv1/block1_conv1_W_1": KERNEL,
        "block1_conv1/block1_conv1_b_1": BIAS,
        "fc1/fc1_W_1": DENSE,
        "fc1/fc1_b_1": DENSE_BIAS,
    }
    assert_bits_equal(source.arrays, expected)
    names = list(expected)
    assert source.attributes == {
        "layers": {"block1_conv1": names[:2], "fc1": names[2:]},
        "keras_version": "",
        "backend": "",
        "dim_ordering": "",
    }


@pytest.mark.parametrize("whole_model", [False, True])
def test_weights_of_keras_2_and_those_in_a_model_of_it(path, whole_model):
    facts = {"keras_version": "2.4.0", "backend": b"tensorflow"}
    keras_files.write_listed(path, KERAS_2, whole_model=whole_model, **facts)
    source = read_keras(path)
    expected = {  # in the order of the layers, not of the alphabet
        "predictions/kernel": DENSE,
        "predictions/bias": DENSE_BIAS,
        "block1_conv1/kernel": KERNEL,
        "block1_conv1/bias": BIAS,
    }
    assert_bits_equal(source.arrays, expected)
    assert source.attributes["keras_version"] == "2.4.0"
    assert source.attributes["backend"] == "tensorflow"


@pytest.mark.parametrize(
    ("layer", "weight", "name"),
    [
        ("conv", "sequential/conv/kernel", "conv/kernel"),  # Keras 3
        ("vgg16", "block1_conv1/kernel:0", "vgg16/block1_conv1/kernel"),  # Keras 2
        ("vgg16", "vgg16/block1_conv1/kernel", "vgg16/block1_conv1/kernel"),  # Keras 3
        ("conv", "conv_1/kernel:0", "conv/conv_1/kernel"),  # the second model in a session
        ("a/conv", "a/conv/kernel:0", "a/conv/kernel"),
        ("conv", "kernel", "conv/kernel"),
    ],
)
def test_what_the_weights_are_called(path, layer, weight, name):
    keras_files.write_listed(path, {layer: {weight: KERNEL}})
    assert list(read_keras(path).arrays) == [name]


def test_lists_of_names_beyond_64_kib_are_split(path):
    with h5py.File(path, "w") as file:
        for number, layers in enumerate((["a", "b"], ["c"])):
            file.attrs[f"layer_names{number}"] = [layer.encode() for layer in layers]
            for layer in layers:
                file[f"{layer}/kernel:0"] = KERNEL
                file[layer].attrs["weight_names0"] = [b"kernel:0"]
    assert list(read_keras(path).arrays) == ["a/kernel", "b/kernel", "c/kernel"]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([{"dim_ordering": "th"}, {"dim_ordering": "th"}, {"units": 3}], "th"),
        ([{"dim_ordering": "tf"}], "tf"),
        ([{"data_format": "channels_first"}], "th"),
        ([{"data_format": "channels_last"}, {"data_format": None}], "tf"),
        ([{"data_format": "channels_last"}, {"data_format": "channels_first"}], ""),
        ([{"units": 3}], ""),
    ],
)
def test_the_order_of_dimensions_in_the_description_of_a_model(path, facts, expected):
    config = json.dumps({"config": [{"class_name": "Layer", "config": fact} for fact in facts]})
    keras_files.write_listed(path, KERAS_2, whole_model=True, model_config=config)
    assert read_keras(path).attributes["dim_ordering"] == expected


OBJECTS = {
    "conv2d": ("block1_conv1", [KERNEL, BIAS]),
    "conv2d_10": ("block5_conv1", [KERNEL]),
    "conv2d_2": ("block1_conv2", [KERNEL]),
    "dense": ("", [DENSE, DENSE_BIAS]),
    "flatten": ("flatten", []),
}
NAMED = {
    "block1_conv1/0": KERNEL,
    "block1_conv1/1": BIAS,
    "block1_conv2/0": KERNEL,
    "block5_conv1/0": KERNEL,
    "dense/0": DENSE,
    "dense/1": DENSE_BIAS,
}
MODEL_AS_A_LAYER = {
    "functional": ("vgg16", []),
    "functional/layers/conv2d": ("block1_conv1", [KERNEL]),
    "dense": ("top", [DENSE]),
}
MODEL_AS_A_CLASS = {
    "block1": ("sequential", []),
    "block1/layers/conv2d": ("block1_conv1", [KERNEL, BIAS]),
    "head": ("predictions", [DENSE]),
}
CLASS_NAMED = {
    "sequential/block1_conv1/0": KERNEL,
    "sequential/block1_conv1/1": BIAS,
    "predictions/0": DENSE,
}
MANY = arrays(*[(2,)] * 12)


@pytest.mark.parametrize(
    ("weights", "top", "expected"),
    [
        (OBJECTS, "layers", NAMED),
        (OBJECTS, "_layer_checkpoint_dependencies", NAMED),
        (MODEL_AS_A_LAYER, "layers", {"top/0": DENSE, "vgg16/block1_conv1/0": KERNEL}),
        (MODEL_AS_A_CLASS, ".", CLASS_NAMED),
        ({"cell": ("cell", MANY)}, "layers", {f"cell/{i}": array for i, array in enumerate(MANY)}),
    ],
)
def test_objects_of_keras_3_have_the_names_of_their_layers(path, weights, top, expected):
    keras_files.write_objects(path, weights, top)
    source = read_keras(path)
    assert source.format == "Keras 3 weights.h5"
    assert_bits_equal(source.arrays, expected)
    assert list(chain(*source.attributes["layers"].values())) == list(expected)


def test_layers_without_names_of_keras_0(path):
    keras_files.write_numbered(path, [[], [KERNEL, BIAS], *[[]] * 8, [DENSE]])
    source = read_keras(path)
    assert source.format == "Keras 0 HDF5"
    expected = {"layer_1/param_0": KERNEL, "layer_1/param_1": BIAS, "layer_10/param_0": DENSE}
    assert_bits_equal(source.arrays, expected)


# What is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": zipfile.ZIP_DEFLATED}, "'metadata.json' is compressed.*zip -0"),
        ({"name": "model.weights.npz"}, "no member 'model.weights.h5'"),
    ],
)
def test_another_archive_is_refused_unopened(path, options, message):
    keras_archive(path)
    assert read_keras(path).attributes["keras_version"] == "3.15.1"
    keras_archive(path, **options)
    assert_refused(read_keras, path, message)


def weights_called(*names):
    """Return what lists other names of weights of a layer."""
    return lambda file: file["block1_conv1"].attrs.__setitem__("weight_names", names)


def layers_called(names):
    return lambda file: file.attrs.__setitem__("layer_names", names)


def model_that_is_no_group(file):
    file["model_weights"] = KERNEL
    file["model_weights"].attrs["layer_names"] = [b"block1_conv1"]


def something_else(file):
    del file.attrs["layer_names"]


HOSTILE = [
    (something_else, "no weights in any of Keras' layouts"),
    (layers_called([b"block1_conv1", b"block9_conv9"]), "it has no 'block9_conv9'"),
    (layers_called(np.ones(3)), "'layer_names' of / is not a text"),
    (weights_called(b"kernel"), "it has no 'kernel' in /block1_conv1"),
    (weights_called(b"../predictions/kernel:0"), "it has no '../predictions"),
    (weights_called(b"/predictions"), "it has no '/predictions'"),
    (weights_called(*[b"block1_conv1/kernel:0"] * 2), "two arrays of .* 'block1_conv1/kernel'"),
    (weights_called(b"block1_conv1"), "or a group of it"),
    (model_that_is_no_group, "it has no 'block1_conv1' in /model_weights"),
]


@pytest.mark.parametrize(("change", "message"), HOSTILE)
def test_a_hostile_file_is_refused(path, change, message):
    keras_files.write_listed(path, KERAS_2)
    with h5py.File(path, "r+") as file:
        change(file)
    assert_refused(read_keras, path, message)


def test_objects_in_themselves_are_not_followed_for_ever(path):
    keras_files.write_objects(path, {"conv2d": ("conv", [KERNEL])})
    with h5py.File(path, "r+") as file:
        file["layers/conv2d/layers"] = file["layers"]
    assert_refused(read_keras, path, "nested more than 20 deep")
