"""The choice of a reader: by a file's content, whatever its name."""

import gzip
import pickle
import zipfile

import h5py
import numpy as np
import pytest
from helpers import torch_files
from helpers.caffe_writer import field
from helpers.hostile import assert_refused
from helpers.weight_files import EXAMPLES, checkpoint

from minifcn.weights.importing.formats import read_source

f32 = np.float32
ONES = np.ones(3, f32)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights"  # the name says nothing


each_kind = pytest.mark.parametrize("kind", EXAMPLES)


@each_kind
def test_the_content_says_what_a_file_is(path, kind):
    EXAMPLES[kind].write(path)
    source = read_source(path)
    assert (source.framework, list(source.arrays)) == (
        EXAMPLES[kind].framework,
        EXAMPLES[kind].names,
    )
    for array in source.arrays.values():
        np.testing.assert_array_equal(array, np.ones(array.shape))


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_the_stacked_pickles_of_torch_are_known_in_any_protocol(path, protocol):
    values = (torch_files.MAGIC, 7, {})
    path.write_bytes(b"".join(pickle.dumps(value, protocol) for value in values))
    assert_refused(read_source, path, "PyTorch weights: it is of another version")


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
