"""The choice of a reader: by a file's content, whatever its name."""

from __future__ import annotations

import gzip
import json
import pickle
import zipfile

import h5py
import numpy as np
import pytest
from helpers import keras_files, matlab_files, torch_files
from helpers.caffe_writer import blob, field, net, v1_layer, v2_layer
from helpers.hostile import TENTHS, assert_refused, truncate
from helpers.pickles import Call, Global

from minifcn.weights.checkpoint import save_checkpoint
from minifcn.weights.importing.formats import read_source
from minifcn.weights.importing.formats.numpy_files import write_npz
from minifcn.weights.importing.formats.safetensors import write_safetensors
from minifcn.weights.store import save_weights

f32 = np.float32
ONES = np.ones(3, f32)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights"  # the name says nothing


def caffemodel(path):
    path.write_bytes(net(v1_layer("conv", 4, [blob(ONES)])))


def caffemodel_without_a_name(path):
    path.write_bytes(v2_layer("conv", "Convolution", [blob(ONES)]))


def caffemodel_with_an_input(path):
    layer = v2_layer("conv", "Convolution", [blob(ONES)])
    path.write_bytes(field(3, "data") + field(4, 1) * 4 + layer)


def caffe_hdf5(path):
    with h5py.File(path, "w") as file:
        file["data/conv/0"] = ONES


def safetensors(path):
    write_safetensors(path, {"conv.weight": ONES}, {})


def npz(path):
    write_npz(path, {"conv/W": ONES})


def npy(path):
    with open(path, "wb") as file:
        np.save(file, np.array({"conv": [ONES]}), allow_pickle=True)


def minifcn(path):
    save_weights(path, {"conv/weight": ONES}, {"format_version": 1})


def minifcn_before_versions(path):
    save_weights(path, {"conv/weight": ONES}, {"preprocess": {"order": "BGR"}})


def torch_zip(path):
    torch_files.write_state_dict(torch_files.ZIP, path, {"conv.weight": ONES})


def torch_stacked(path):
    torch_files.write_state_dict(torch_files.STACKED, path, {"conv.weight": ONES})


def torch_tar(path):
    torch_files.write_state_dict(torch_files.TAR, path, {"conv.weight": ONES})
    path.write_bytes(path.read_bytes().rstrip(b"\0") + bytes(1024))  # it is filled up with zeros


def keras_1_and_2(path):
    keras_files.write_listed(path, {"conv": {"conv/kernel:0": ONES}})


def keras_model(path):
    keras_files.write_listed(path, {"conv": {"conv/kernel:0": ONES}}, whole_model=True)


def keras_0(path):
    keras_files.write_numbered(path, [[ONES]])


def keras_3(path):
    keras_files.write_objects(path, {"conv2d": ("conv", [ONES])})


def keras_3_class(path):
    keras_files.write_objects(path, {"conv2d": ("conv", [ONES])}, top=".")


def keras_3_archive(path):
    keras_3(path.with_name("inner"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        archive.writestr("config.json", "{}")
        archive.write(path.with_name("inner"), "model.weights.h5")


def mat5(path):
    layers = [{"name": "conv", "type": "conv", "weights": [ONES]}]
    matlab_files.write_mat5(path, {"layers": layers})


def mat73(path):
    layers = [{"name": "conv", "type": "conv", "weights": [ONES]}]
    matlab_files.write_mat73(path, {"layers": layers})


UNDERSTOOD = {
    torch_zip: ("torch", "conv.weight"),
    torch_stacked: ("torch", "conv.weight"),
    torch_tar: ("torch", "conv.weight"),
    keras_0: ("keras", "layer_0/param_0"),
    keras_1_and_2: ("keras", "conv/kernel"),
    keras_model: ("keras", "conv/kernel"),
    keras_3: ("keras", "conv/0"),
    keras_3_class: ("keras", "conv/0"),
    keras_3_archive: ("keras", "conv/0"),
    mat5: ("matconvnet", "conv/0"),
    mat73: ("matconvnet", "conv/0"),
    caffemodel: ("caffe", "conv/0"),
    caffemodel_without_a_name: ("caffe", "conv/0"),
    caffemodel_with_an_input: ("caffe", "conv/0"),
    caffe_hdf5: ("caffe", "conv/0"),
    safetensors: ("safetensors", "conv.weight"),
    npz: ("numpy", "conv/W"),
    npy: ("numpy", "conv/0"),
    minifcn: ("minifcn", "conv/weight"),
    minifcn_before_versions: ("minifcn", "conv/weight"),
}
each_kind = pytest.mark.parametrize("build", UNDERSTOOD, ids=lambda build: build.__name__)


@each_kind
def test_the_content_says_what_a_file_is(path, build):
    build(path)
    source = read_source(path)
    framework, name = UNDERSTOOD[build]
    assert (source.framework, list(source.arrays)) == (framework, [name])
    np.testing.assert_array_equal(source.arrays[name].ravel(), ONES)


@each_kind
@pytest.mark.parametrize("tenths", TENTHS)
def test_a_truncated_file_is_refused(path, tenths, build):
    build(path)
    truncate(path, tenths)
    assert_refused(read_source, path)


@pytest.mark.parametrize("kind", torch_files.SERIALISATIONS)
def test_a_call_of_the_system_is_refused_and_not_made(path, kind):
    marker = path.with_name("was_here")
    value = {"weight": Call(Global("os", "system"), (f"touch {marker}",))}
    torch_files.write(kind, path, value, {})
    assert_refused(read_source, path, r"asks for os\.system, which may run any program")
    assert not marker.exists()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_the_stacked_pickles_of_torch_are_known_in_any_protocol(path, protocol):
    values = (torch_files.MAGIC, 7, {})
    path.write_bytes(b"".join(pickle.dumps(value, protocol) for value in values))
    assert_refused(read_source, path, "PyTorch weights: it is of another version")


def checkpoint(path):
    save_checkpoint(path, {"a/weight": ONES}, {}, {"step": 1})


def other_hdf5(path):
    with h5py.File(path, "w") as file:
        file["images"] = ONES


def other_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "text")


def content(raw: bytes):
    return lambda path: path.write_bytes(raw)


REFUSED = {
    "empty": (content(b""), "is empty"),
    "page": (content(b"\n  <!DOCTYPE html><html>Too many requests"), "is a web page"),
    "page of old": (content(b"<HTML><body>"), "is a web page"),
    "message": (content(b'<?xml version="1.0"?><Error>AccessDenied</Error>'), "is a web page"),
    "pointer": (
        content(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
        "git lfs pull",
    ),
    "packed": (content(gzip.compress(bytes(100))), "is packed .* unpack it"),
    "net": (content(b'name: "VGG16"\nlayer {\n  name: "conv1"\n}\n'), "are in a .caffemodel"),
    "old net": (content(b"# a comment\nlayers {\n}\n"), "are in a .caffemodel"),
    "text": (content("größe, 1, 2\n".encode() * 200), "is text"),
    "pickle": (content(pickle.dumps({"a": [1.0]})), "is a Python pickle, which may run any"),
    "noise": (content(b"\x07\x00\xfe" * 1000), "is of no kind that is understood.* safetensors"),
    "other HDF5": (other_hdf5, "HDF5 file, but of none of the layouts"),
    "other zip": (other_zip, "is a zip archive, but none of NumPy, PyTorch or Keras"),
    "broken zip": (content(b"PK\3\4" + bytes(100)), "cannot be read as a weight file"),
    "checkpoint": (checkpoint, "is a checkpoint; take the weights.h5 of the same run"),
    "other protobuf": (content(field(1, field(1, "node")) + field(9, 1)), "it has no layers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_other_files_are_refused_with_what_they_are(path, case):
    build, message = REFUSED[case]
    build(path)
    assert_refused(read_source, path, message)


def test_a_missing_file_is_reported_as_such(path):
    with pytest.raises(FileNotFoundError, match="there is no file .*weights"):
        read_source(path)
