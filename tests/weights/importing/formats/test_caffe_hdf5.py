"""Caffe's models in HDF5."""

import h5py
import numpy as np
import pytest
from helpers.hostile import assert_refused

from minifcn.weights.importing.formats.caffe_hdf5 import read_caffe_hdf5

f32 = np.float32
EXAMPLE = {
    "conv1/0": np.arange(24, dtype=f32).reshape(2, 3, 2, 2),
    "conv1/1": np.arange(2, dtype=f32),
    "inception_3a/1x1/0": np.arange(6.0).reshape(2, 3),
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "net.caffemodel.h5"
    with h5py.File(path, "w") as file:
        for name, array in EXAMPLE.items():
            file[f"data/{name}"] = array
            file[f"diff/{name}"] = array + 1
    return path


def test_blobs_are_read_and_gradients_left_out(path):
    source = read_caffe_hdf5(path)
    assert (source.format, source.framework, source.attributes) == ("Caffe HDF5", "caffe", {})
    assert list(source.arrays) == list(EXAMPLE)
    for name, array in EXAMPLE.items():
        assert source.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(source.arrays[name], array)


def test_a_blob_that_another_layer_owns_may_be_missing(path):
    with h5py.File(path, "a") as file:
        del file["data/conv1/0"]
    assert list(read_caffe_hdf5(path).arrays) == ["conv1/1", "inception_3a/1x1/0"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("data/0", np.ones(3, f32), "0 is not a blob of a layer"),
        ("data/a/weight", np.ones(3, f32), "a/weight is not a blob of a layer"),
        ("data/a/0", np.ones(3, int), "a/0 is not a blob of a layer"),
        ("data", np.ones(3, f32), "'data' is not a group of layers"),
        ("data", h5py.SoftLink("/diff"), "'data' is a link"),
        ("data/a", h5py.ExternalLink("net.caffemodel.h5", "/diff/conv1"), "'a' is a link"),
        ("other", np.ones(3, f32), "it has no 'data' in /"),
    ],
)
def test_what_is_no_net_of_caffe_is_refused(path, name, content, message):
    with h5py.File(path, "w") as file:
        file[name] = content
    assert_refused(read_caffe_hdf5, path, f"cannot be read as a Caffe model in HDF5: .*{message}")
