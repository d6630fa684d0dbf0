"""keras.applications' VGG16 with random weights, saved by Keras: converted, it scores the same."""

import numpy as np
import pytest

from minifcn.inference.convert import convert
from minifcn.inference.model import load_model

keras = pytest.importorskip("keras", reason="Keras is not installed")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
IMAGE = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)


@pytest.fixture(scope="module")
def vgg16():
    """Keras' VGG16 and its scores for an image; fully connected layers are 4096 wide always."""
    keras.utils.set_random_seed(0)
    net = keras.applications.VGG16(weights=None, classes=10, classifier_activation=None)
    prepared = keras.applications.vgg16.preprocess_input(IMAGE[None].astype(np.float32))
    return net, np.asarray(net.predict(prepared, verbose=0))


@pytest.mark.parametrize("name", ["legacy.h5", "net.weights.h5", "net.keras"])
def test_class_scores(name, vgg16, tmp_path):
    net, expected = vgg16
    save = net.save_weights if name == "net.weights.h5" else net.save
    save(str(tmp_path / name))
    convert(tmp_path / name, tmp_path / "ours.h5")
    model = load_model(tmp_path / "ours.h5")
    found, _ = model.net.forward({"data": model.preprocess(IMAGE)[None]}, outputs=["fc8"])
    error = np.abs(found["fc8"] - expected).max() / np.abs(expected).max()
    assert error < 1e-4
