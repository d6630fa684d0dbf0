"""Caffe models: three generations of layers, two of shapes, and files that are broken."""

import json

import numpy as np
import pytest
from helpers.caffe_writer import (
    blob,
    field,
    net,
    new_shape,
    old_shape,
    packed,
    unpacked,
    v0_layer,
    v1_layer,
    v2_layer,
    varint,
)
from helpers.hostile import assert_refused

from minifcn.containers import wire
from minifcn.weights.importing.formats.caffemodel import read_caffemodel

f32, f64 = np.float32, np.float64


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.caffemodel"


def weights(dtype=f32) -> list[np.ndarray]:
    """A weight and a bias of a convolution of 6 filters in 2 groups."""
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype(dtype) for shape in ((6, 2, 3, 3), (6,))]


def write(path, *layers: bytes) -> None:
    path.write_bytes(net(*layers))


CONVOLUTIONS = {"V0": (v0_layer, "conv"), "V1": (v1_layer, 4), "V2": (v2_layer, "Convolution")}


@pytest.mark.parametrize("dtype", [f32, f64])
@pytest.mark.parametrize("write_numbers", [packed, unpacked])
@pytest.mark.parametrize("shape", [old_shape, new_shape])
@pytest.mark.parametrize("version", CONVOLUTIONS)
def test_every_generation_is_read(path, version, shape, write_numbers, dtype):
    layer, kind = CONVOLUTIONS[version]
    write(path, layer("conv", kind, [blob(w, shape, write_numbers) for w in weights(dtype)]))
    source = read_caffemodel(path)
    assert source.format == f"Caffe NetParameter ({version} layers)"
    assert source.framework == "caffe"
    assert list(source.arrays) == ["conv/0", "conv/1"]
    for array, expected in zip(source.arrays.values(), weights(dtype), strict=True):
        assert array.dtype == dtype
        assert not array.flags.writeable
        np.testing.assert_array_equal(array.reshape(expected.shape), expected)
    bias = [6] if shape is new_shape else [1, 1, 1, 6]
    facts = {"name": "conv", "type": "Convolution", "bottoms": ["below"], "tops": ["above"]}
    expected_facts = {**facts, "blobs": [[6, 2, 3, 3], bias]}
    assert source.attributes == {"name": "a net", "layers": [expected_facts]}


@pytest.mark.parametrize(
    ("layer", "kind", "more"),
    [
        (v0_layer, "conv", field(9, 2)),
        (v1_layer, 4, field(10, field(1, 6) + field(5, 2))),
        (v2_layer, "Convolution", field(106, field(1, 6) + field(5, 2))),
    ],
)
def test_the_groups_of_a_convolution_are_told(path, layer, kind, more):
    write(path, layer("conv", kind, [blob(w) for w in weights()], more))
    assert read_caffemodel(path).attributes["layers"][0]["group"] == 2


@pytest.mark.parametrize(("layer", "kind", "number"), [(v1_layer, 5, 36), (v2_layer, "Data", 100)])
def test_the_preparation_of_the_input_is_told(path, layer, kind, number):
    mean = unpacked(5, np.array([104, 117, 123], f32))
    transform = unpacked(1, np.array([0.5], f32)) + field(3, 224) + field(4, "mean.binaryproto")
    write(path, layer("data", kind, more=field(number, transform + mean)))
    attributes = read_caffemodel(path).attributes
    assert attributes["layers"][0]["type"] == "Data"
    assert attributes["layers"][0]["transform"] == {
        "scale": 0.5,
        "crop_size": 224,
        "mean_file": "mean.binaryproto",
        "mean_value": [104.0, 117.0, 123.0],
    }
    json.dumps(attributes)


@pytest.mark.parametrize(
    ("number", "name"),
    [
        *((14, "InnerProduct"), (39, "Deconvolution"), (17, "Pooling"), (21, "SoftmaxWithLoss")),
        (99, "99"),  # an unknown one
    ],
)
def test_the_types_of_2014_have_todays_names(path, number, name):
    write(path, v1_layer("layer", number))
    assert read_caffemodel(path).attributes["layers"][0]["type"] == name


def test_layers_of_2013_and_2014_may_be_mixed(path):
    write(path, v0_layer("a", "pool"), v1_layer("b", 17), v0_layer("c", "conv"))
    source = read_caffemodel(path)
    assert source.format == "Caffe NetParameter (V0 layers)"
    facts = {"bottoms": ["below"], "tops": ["above"], "blobs": []}
    assert source.attributes["layers"] == [
        {"name": "a", "type": "pool", **facts},
        {"name": "b", "type": "Pooling", **facts},
        {"name": "c", "type": "Convolution", **facts},
    ]


def test_names_with_slashes_and_the_files_order_are_kept(path):
    names = ["inception_3a/1x1", "conv1", "a"]
    write(path, *(v2_layer(name, "Convolution", [blob(weights()[1])]) for name in names))
    assert list(read_caffemodel(path).arrays) == [f"{name}/0" for name in names]


def test_layers_without_weights_may_share_a_name(path):
    write(path, v2_layer("data", "Data"), v2_layer("data", "Data"))
    assert [x["name"] for x in read_caffemodel(path).attributes["layers"]] == ["data", "data"]


def test_gradients_are_left_out(path):
    gradient = packed(6, np.ones(6, f32)) + packed(9, np.ones(6, f64))
    write(path, v2_layer("conv", "Convolution", [blob(weights()[1]) + gradient]))
    np.testing.assert_array_equal(read_caffemodel(path).arrays["conv/0"], weights()[1])


def test_doubles_are_preferred_unless_there_are_none(path):
    shape = new_shape([2])
    both = packed(5, np.ones(2, f32)) + packed(8, np.full(2, 3, f64)) + shape
    none = packed(5, np.ones(2, f32)) + packed(8, np.empty(0, f64)) + shape
    one = blob(np.array(7, f32))  # an empty shape is that of a single number
    write(path, v2_layer("a", "Scale", [both, none, one]))
    found = [array.tolist() for array in read_caffemodel(path).arrays.values()]
    assert found == [[3, 3], [1, 1], 7]


def test_an_old_shape_precedes_a_new_one_and_its_absent_sizes_are_zero(path):
    both = blob(np.ones((2, 3, 4, 5), f32), old_shape) + new_shape([120])
    write(path, v2_layer("a", "Scale", [both]))
    assert read_caffemodel(path).arrays["a/0"].shape == (2, 3, 4, 5)
    write(path, v2_layer("a", "Scale", [field(1, 2) + field(2, 3) + packed(5, np.ones(6, f32))]))
    assert_refused(read_caffemodel, path, r"a/0 has 6 numbers for the shape \(2, 3, 0, 0\)")


# Hostile files


def scale(*blobs):
    return v2_layer("a", "Scale", blobs)


ones, six = blob(np.ones(6, f32)), packed(5, np.ones(6, f32))
HOSTILE = {
    "no layers": (b"", "it has no layers"),
    "two generations": (v1_layer("a", 4) + v2_layer("b", "Data"), "layers of two generations"),
    "one name twice": (scale(ones) * 2, "two layers .* have the name 'a'"),
    "no name": (v2_layer("", "Scale", [ones]), "or one has none"),
    "absurd length": (b"\xa2\x06" + varint(2**62), f"claims {2**62} bytes, of which 0"),
    "absurd length inside": (scale(b"\x2a" + varint(2**40) + bytes(8)), f"claims {2**40} bytes"),
    "overlong varint": (b"\xa2\x06" + b"\xff" * 20, "no integer of at most 64 bits"),
    "absurd shape": (scale(new_shape([2**62] * 32) + six), "a/0 has 6 numbers for the shape"),
    "too many axes": (scale(new_shape([1] * 65) + six), "a/0 has 6 numbers for the shape"),
    "very many axes": (scale(new_shape([1] * 5_000) + six), "a/0 has 6 numbers for the shape"),
    "negative dims": (scale(new_shape([-2, -3]) + six), r"a/0 has 6 .* the shape \(-2, -3\)"),
    "negative old dims": (scale(old_shape([-2, 1, 1, -3]) + six), r"shape \(-2, 1, 1, -3\)"),
    "zero times absurd": (scale(new_shape([2**62, 2**62, 0])), "cannot be read as a Caffe model"),
    "shape without numbers": (scale(new_shape([1 << 40])), "a/0 has 0 numbers"),
    "numbers without shape": (scale(six), "6 numbers"),
    "part of a number": (scale(field(5, b"12345")), "field 5 is not of f4"),
    "number as integer": (scale(field(5, 1)), "field 5 is not of f4"),
    "blob as integer": (field(100, field(1, "a") + field(7, 1)), "field 7 is not of bytes"),
    "name as integer": (field(100, field(1, 7)), "field 1 is not of bytes"),
    "deep nesting": (b"\x0b" * 100_000, "wire type 3"),
    "nothing but fields": (field(1000, 0) * 20_000, "more than 10000 fields"),
    "nothing but layers": (v2_layer("a", "Data") * 20_000, "more than 10000 fields"),
    "a name of megabytes": (v2_layer("\n\x1b[2J" + "x" * 10_000_000, "", [b"\x2d"]), "cut off"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_refused(path, case, monkeypatch):
    monkeypatch.setattr(wire, "_MAX_FIELDS", 10_000)
    content, message = HOSTILE[case]
    write(path, content)
    assert_refused(read_caffemodel, path, message, memory=50 << 20)


# Against the real library


def schema_of_caffe(descriptor_pb2):
    """Return the part of Caffe's schema that a net with weights needs."""
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="caffe.proto", package="caffe", syntax="proto2")
    messages = {
        "BlobShape": [("dim", 1, "INT64", "packed")],
        "BlobProto": [
            ("num", 1, "INT32", ""),
            ("channels", 2, "INT32", ""),
            ("height", 3, "INT32", ""),
            ("width", 4, "INT32", ""),
            ("data", 5, "FLOAT", "packed"),
            ("shape", 7, "BlobShape", ""),
            ("double_data", 8, "DOUBLE", "packed"),
        ],
        "ConvolutionParameter": [("num_output", 1, "UINT32", ""), ("group", 5, "UINT32", "")],
        "LayerParameter": [
            ("name", 1, "STRING", ""),
            ("type", 2, "STRING", ""),
            ("blobs", 7, "BlobProto", "repeated"),
            ("convolution_param", 106, "ConvolutionParameter", ""),
        ],
        "NetParameter": [("name", 1, "STRING", ""), ("layer", 100, "LayerParameter", "repeated")],
    }
    for message, fields in messages.items():
        entry = file.message_type.add(name=message)
        for name, number, kind, label in fields:
            new = entry.field.add(name=name, number=number)
            new.label = kinds.LABEL_REPEATED if label else kinds.LABEL_OPTIONAL
            new.options.packed = label == "packed"
            if kind in messages:
                new.type, new.type_name = kinds.TYPE_MESSAGE, f".caffe.{kind}"
            else:
                new.type = getattr(kinds, f"TYPE_{kind}")
    return file


def test_a_file_written_by_protobuf_is_read(path):
    descriptor_pb2 = pytest.importorskip("google.protobuf.descriptor_pb2")
    from google.protobuf import descriptor_pool, message_factory

    pool = descriptor_pool.DescriptorPool()
    pool.Add(schema_of_caffe(descriptor_pb2))
    net_class = message_factory.GetMessageClass(pool.FindMessageTypeByName("caffe.NetParameter"))
    net = net_class(name="by protobuf")
    layer = net.layer.add(name="conv", type="Convolution")
    layer.convolution_param.group = 2
    weight, bias = weights()
    new = layer.blobs.add(data=weight.ravel())
    new.shape.dim.extend(weight.shape)
    layer.blobs.add(double_data=bias, num=1, channels=1, height=1, width=6)
    path.write_bytes(net.SerializeToString())
    source = read_caffemodel(path)
    np.testing.assert_array_equal(source.arrays["conv/0"], weight)
    np.testing.assert_array_equal(source.arrays["conv/1"].ravel(), bias)
    assert source.attributes["layers"][0]["group"] == 2
