"""MatConvNet's networks, in both layouts and in both kinds of MATLAB files."""

import h5py
import numpy as np
import pytest
from helpers.arrays import assert_bits_equal
from helpers.hostile import assert_refused
from helpers.matlab_files import Structs, write_mat5, write_mat73

from minifcn.weights.importing.formats.matconvnet import read_matconvnet

f32 = np.float32
MEAN = (123.68, 116.779, 103.939)
WRITERS = {"5": write_mat5, "7.3": write_mat73}

each_version = pytest.mark.parametrize("version", WRITERS)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "imagenet-vgg.mat"


def parameters(*shapes):
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype(f32) for shape in shapes]


FILTERS, BIASES, MORE, MORE_BIASES = parameters((3, 3, 2, 4), (1, 4), (2, 5, 4, 6), (6, 1))


def meta(average):
    return {
        "normalization": {
            "averageImage": average,
            "imageSize": np.array([[224.0, 224, 3]]),
            "interpolation": "bicubic",
        },
        "classes": {
            "name": ["n01440764", "n01443537"],
            "description": ["tench, Tinca tinca", "goldfish, Carassius auratus"],
        },
    }


def simplenn():
    """The layers as of MatConvNet 1.0-beta17 and later."""
    return [
        {
            "name": "conv1_1",
            "type": "conv",
            "weights": [FILTERS, BIASES],
            "pad": np.array([[1.0, 1, 1, 1]]),
            "momentum": [FILTERS * 2, BIASES * 2],
        },
        {"name": "relu1_1", "type": "relu", "weights": []},
        {"name": "fc6", "type": "conv", "weights": [MORE, MORE_BIASES], "opts": None},
        {"name": "prob", "type": "softmax"},
    ]


@each_version
def test_a_chain_of_layers(path, version):
    average = np.array(MEAN, f32).reshape(1, 1, 3)
    WRITERS[version](path, {"layers": simplenn(), "meta": meta(average)})
    source = read_matconvnet(path)
    assert source.format == f"MatConvNet simplenn (MATLAB {version})"
    assert source.framework == "matconvnet"
    expected = {
        "conv1_1/0": FILTERS,
        "conv1_1/1": BIASES,
        "fc6/0": MORE,
        "fc6/1": MORE_BIASES,
    }
    assert_bits_equal(source.arrays, expected)
    assert source.attributes == {
        "kind": "simplenn",
        "layers": [
            ["conv1_1", "conv", ["conv1_1/0", "conv1_1/1"]],
            ["relu1_1", "relu", []],
            ["fc6", "conv", ["fc6/0", "fc6/1"]],
            ["prob", "softmax", []],
        ],
        "average_image": pytest.approx(MEAN),
        "image_size": [224, 224],
        "class_names": ["tench, Tinca tinca", "goldfish, Carassius auratus"],
    }


@each_version
def test_layers_of_before_2015_have_filters_and_biases_and_no_names(path, version):
    """As beta16 has them; the normalization is beside the layers, with an average of images."""
    layers = [
        {"type": "conv", "filters": FILTERS, "biases": BIASES},
        {"type": "relu"},
        {"type": "conv", "filters": MORE, "biases": None},
    ]
    average = np.ones((5, 7, 3), f32) * np.array(MEAN, f32)
    WRITERS[version](path, {"layers": layers, **meta(average)})
    source = read_matconvnet(path)
    expected = {"layer1/0": FILTERS, "layer1/1": BIASES, "layer3/0": MORE}
    assert_bits_equal(source.arrays, expected)
    assert source.attributes["average_image"] == pytest.approx(MEAN, rel=1e-6)
    assert len(source.attributes["class_names"]) == 2


@each_version
def test_a_network_in_training_is_in_a_variable_of_its_own(path, version):
    WRITERS[version](path, {"info": {"error": np.ones((1, 3))}, "net": {"layers": simplenn()}})
    source = read_matconvnet(path)
    assert list(source.arrays) == ["conv1_1/0", "conv1_1/1", "fc6/0", "fc6/1"]
    assert source.attributes["average_image"] == source.attributes["class_names"] == []


@each_version
def test_a_graph_of_layers(path, version):
    params = [
        {"name": "conv1_1_filter", "value": FILTERS, "learningRate": np.array([[1.0]])},
        {"name": "conv1_1_bias", "value": BIASES, "learningRate": np.array([[2.0]])},
        {"name": "upscore2f", "value": MORE, "learningRate": np.array([[0.0]])},
    ]
    layers = [
        {"name": "conv1_1", "type": "dagnn.Conv", "params": ["conv1_1_filter", "conv1_1_bias"]},
        {"name": "relu1_1", "type": "dagnn.ReLU", "params": []},
        {"name": "upscore2", "type": "dagnn.ConvTranspose", "params": ["upscore2f"]},
    ]
    average = np.array(MEAN).reshape(3, 1)
    WRITERS[version](
        path, {"params": Structs(params), "layers": Structs(layers), "meta": meta(average)}
    )
    source = read_matconvnet(path)
    assert source.format == f"MatConvNet dagnn (MATLAB {version})"
    assert_bits_equal(source.arrays, {param["name"]: param["value"] for param in params})
    assert source.attributes["kind"] == "dagnn"
    assert source.attributes["layers"] == [
        ["conv1_1", "dagnn.Conv", ["conv1_1_filter", "conv1_1_bias"]],
        ["relu1_1", "dagnn.ReLU", []],
        ["upscore2", "dagnn.ConvTranspose", ["upscore2f"]],
    ]
    assert source.attributes["average_image"] == pytest.approx(MEAN)


@each_version
def test_a_graph_of_a_single_layer(path, version):
    network = {
        "params": {"name": "f", "value": FILTERS},
        "layers": {"name": "conv", "type": "dagnn.Conv", "params": "f"},
    }
    WRITERS[version](path, network)
    source = read_matconvnet(path)
    assert_bits_equal(source.arrays, {"f": FILTERS})
    assert source.attributes["layers"] == [["conv", "dagnn.Conv", ["f"]]]


@pytest.mark.parametrize("options", [{"chunks": (2, 1, 2, 3)}, {"compression": "gzip"}])
def test_arrays_in_pieces(path, options):
    layer = {"name": "conv", "type": "conv", "weights": [FILTERS]}
    write_mat73(path, {"layers": [layer]}, **options)
    assert_bits_equal(read_matconvnet(path).arrays, {"conv/0": FILTERS})


# What is refused


@each_version
@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"a": np.ones((2, 2)), "names": "b"}, "no network, but a, names"),
        ({"net": np.ones((2, 2))}, "no network, but net"),
        ({"layers": ["conv", "relu"]}, "layers or parameters are no structs"),
        ({"layers": np.ones((2, 2))}, "layers or parameters are no structs"),
        ({"layers": simplenn() + simplenn()}, "two layers of the name 'conv1_1'"),
        ({"layers": [], "params": {"name": "f", "value": "text"}}, "parameter 'f' has no value"),
        ({"layers": [], "params": {"value": FILTERS}}, "parameter '' has no value"),
        (
            {"layers": [], "params": Structs([{"name": "f", "value": FILTERS}] * 2)},
            "parameter 'f' has no value, or is there twice",
        ),
    ],
)
def test_something_else_is_refused(path, version, variables, message):
    WRITERS[version](path, variables)
    assert_refused(read_matconvnet, path, message)


def marked(dataset, kind):
    dataset.attrs["MATLAB_class"] = np.bytes_(kind)


def cell_in_itself(file):
    layers = file["net/layers"]
    layers[0, 0] = layers.ref


def struct_in_itself(file):
    file["net/self"] = file["net"]


def other_layers(*arguments):
    def change(file):
        del file["net/layers"]
        marked(file["net"].create_dataset("layers", *arguments), "cell")

    return change


def text_of_a_billion(file):
    marked(file["net"].create_dataset("text", (1 << 30, 1), np.uint16), "char")


def columns_of_different_lengths(file):
    group = file.create_group("structs")
    marked(group, "struct")
    for number in (1, 2):
        data = np.array([[file["net"].ref]] * number, h5py.ref_dtype)
        group.create_dataset(str(number), data=data)


def null_reference(file):
    file["net/layers"][1, 0] = h5py.Reference()


HOSTILE = [
    (cell_in_itself, "nested more than 20 deep"),
    (struct_in_itself, "nested more than 20 deep|claims more bytes than are in the file"),
    (other_layers((1, 1), h5py.regionref_dtype), "not of references"),
    (other_layers((1 << 30, 1), h5py.ref_dtype), "claims 8589934592 bytes"),
    (text_of_a_billion, "claims 2147483648 bytes"),
    (columns_of_different_lengths, "fields of different lengths"),
    (null_reference, "layers or parameters are no structs"),
]


@pytest.mark.parametrize(("change", "message"), HOSTILE)
def test_a_hostile_file_of_version_7_3_is_refused(path, change, message):
    write_mat73(path, {"net": {"layers": simplenn()}})
    with h5py.File(path, "r+") as file:
        change(file)
    assert_refused(read_matconvnet, path, message)
