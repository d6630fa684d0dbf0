"""Files that Keras itself has written (set KERAS_BACKEND to a back end that is installed)."""

import numpy as np
import pytest

from minifcn.weights.importing.formats.keras_hdf5 import read_keras

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras' own with NumPy 2


def build(name="sequential"):
    """Return a small network in the manner of VGG16, with random weights and an optimiser."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 10, 3)),
            layers.Conv2D(4, 3, activation="relu", name="block1_conv1"),
            layers.Conv2D(5, 3, use_bias=False, name="block1_conv2"),
            layers.BatchNormalization(name="bn"),
            layers.MaxPooling2D(name="block1_pool"),
            layers.Flatten(name="flatten"),
            layers.Dense(6, name="predictions"),
        ],
        name=name,
    )
    model.compile("adam", "mse")
    model.fit(np.ones((2, 8, 10, 3)), np.ones((2, 6)), verbose=0)
    return model


def weights_of(model):
    """Return the arrays of each layer in Keras' order."""
    return {layer.name: layer.get_weights() for layer in model.layers if layer.get_weights()}


def assert_same(source, weights):
    assert {layer: len(names) for layer, names in source.attributes["layers"].items()} == {
        layer: len(arrays) for layer, arrays in weights.items()
    }
    for layer, names in source.attributes["layers"].items():
        for name, array in zip(names, weights[layer], strict=True):
            np.testing.assert_array_equal(source.arrays[name], array)


@pytest.mark.parametrize("name", ["a.weights.h5", "a.keras", "a.h5"])
def test_a_model_in_each_format(tmp_path, name):
    model = build()
    path = tmp_path / name
    (model.save_weights if name == "a.weights.h5" else model.save)(path)
    source = read_keras(path)
    assert_same(source, weights_of(model))
    if name == "a.h5":
        assert list(source.arrays)[:2] == ["block1_conv1/kernel", "block1_conv1/bias"]
        assert source.attributes["dim_ordering"] == "tf"
    if name != "a.weights.h5":
        assert source.attributes["keras_version"] == keras.__version__


def test_a_model_in_the_place_of_a_layer(tmp_path):
    inner = build("vgg16")
    outer = keras.Sequential([keras.Input((8, 10, 3)), inner, keras.layers.Dense(2, name="top")])
    outer.save_weights(tmp_path / "a.weights.h5")
    outer.save(tmp_path / "a.h5")
    kernel = inner.get_layer("block1_conv1").get_weights()[0]
    objects = read_keras(tmp_path / "a.weights.h5").arrays
    listed = read_keras(tmp_path / "a.h5").arrays
    np.testing.assert_array_equal(objects["vgg16/block1_conv1/0"], kernel)
    np.testing.assert_array_equal(listed["vgg16/block1_conv1/kernel"], kernel)
    assert len(objects) == len(listed) == 11


def test_half_precision(tmp_path):
    for policy in ("float16", "bfloat16"):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, dtype=policy, name="d")])
        model.save_weights(tmp_path / "a.weights.h5")
        kernel = np.asarray(model.layers[0].get_weights()[0], np.float32)
        found = read_keras(tmp_path / "a.weights.h5").arrays["d/0"]
        np.testing.assert_array_equal(found.astype(np.float32), kernel)
