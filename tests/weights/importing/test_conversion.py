"""A file becomes one of our nets whole or not at all: no array of it is dropped in silence."""

import numpy as np
import pytest
from helpers.caffe_writer import blob, net, v2_layer
from helpers.keras_files import write_listed
from helpers.vgg_files import random_params

from minifcn.models.build import ModelSpec
from minifcn.weights.importing.conversion import read_weights
from minifcn.weights.importing.formats.numpy_files import write_npz
from minifcn.weights.importing.formats.safetensors import write_safetensors
from minifcn.weights.store import WeightsError

FCN32S = ModelSpec("fcn32s", "vgg16", 21, 1 / 32)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.bin"


def trunk() -> dict[str, np.ndarray]:
    """Return an FCN-32s up to the layers that score."""
    return {a: p for a, p in random_params(FCN32S).items() if a.startswith(("conv", "fc"))}


def write_caffe(path, params):
    """Write a `.caffemodel` of convolutions."""
    layers: dict[str, list[bytes]] = {}
    for address, array in params.items():
        layers.setdefault(address.rpartition("/")[0], []).append(blob(array))
    path.write_bytes(net(*(v2_layer(n, "Convolution", blobs) for n, blobs in layers.items())))


def test_scores_of_other_names_do_not_make_a_classifier(path):
    scores = {"score-fr/weight": np.ones((21, 128, 1, 1), np.float32)}
    write_caffe(path, {**trunk(), **scores, "score-fr/bias": np.ones(21, np.float32)})
    with pytest.raises(WeightsError, match=r"lacks fc8/weight, fc8/bias.* holds score-fr/weight,"):
        read_weights(path)


def test_a_skip_of_another_name_does_not_make_a_net_without_skips(path):
    params = random_params(FCN32S) | {"score-pool4/weight": np.ones((21, 16, 1, 1), np.float32)}
    write_caffe(path, params)
    with pytest.raises(WeightsError, match="taken as fcn32s.*score-pool4/weight.*does not have"):
        read_weights(path)


@pytest.mark.parametrize("name", ["moments", "conv1_1/2"])
def test_what_is_neither_a_weight_nor_a_bias_is_refused_by_name(path, name):
    arrays = {a.replace("weight", "W").replace("bias", "b"): p for a, p in trunk().items()}
    write_npz(path, arrays | {name: np.ones(2, np.float32)})
    with pytest.raises(WeightsError, match=f"holds {name}, which that net does not have"):
        read_weights(path)


def test_torchvisions_counted_layers_are_all_of_the_net(path):
    names = (("conv1_1", "features.0"), ("conv5_3", "features.28"), ("conv5_3", "features.31"))
    params = random_params()
    arrays = {f"{theirs}.weight": params[f"{ours}/weight"] for ours, theirs in names}
    write_safetensors(path, arrays, {})
    with pytest.raises(WeightsError, match=r"holds features\.31\.weight, which"):
        read_weights(path)


def test_a_layer_of_keras_that_is_not_vgg16s_is_refused_by_name(path):
    shapes = {"block1_conv1": (3, 3, 3, 2), "block5_conv3": (3, 3, 16, 16), "score_fr": (3, 3, 3)}
    arrays = {name: np.ones(shape, np.float32) for name, shape in shapes.items()}
    layers = {n: {f"{n}/kernel:0": a, f"{n}/bias:0": a[0, 0, 0]} for n, a in arrays.items()}
    write_listed(path, layers)
    with pytest.raises(WeightsError, match="holds score_fr/kernel, score_fr/bias, which"):
        read_weights(path)


def test_a_trunk_alone_is_the_classifier_it_was_cut_from(path):
    write_caffe(path, trunk())
    assert read_weights(path).missing == ("fc8/weight", "fc8/bias")
