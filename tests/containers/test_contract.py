"""What every reader of files promises: arrays or one clear error, soon and in little memory.

The files of each format that are hostile in a way of its own are beside its reader's tests.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from helpers import weight_files
from helpers.arrays import taking_less_than
from helpers.data_files import add_mat
from helpers.data_trees import sbd_map, sbd_struct
from helpers.hostile import TENTHS, assert_refused, damaged_copies, truncate
from helpers.nyud_files import make_nyud_labeled

from minifcn.data.dataset import DataError
from minifcn.data.mat_labels import read_mat_label
from minifcn.data.nyud import NYUDDataset
from minifcn.weights.checkpoint import load_checkpoint
from minifcn.weights.store import WeightsError, load_weights

Arrays = dict[str, np.ndarray]


def arrays_of(read: Callable[[Path], Any]) -> Callable[[Path], Arrays]:
    if read is load_weights:
        return lambda path: read(path).params
    return lambda path: read(path).arrays


def write_labels(path: Path) -> None:
    add_mat(path, {"GTcls": sbd_struct(sbd_map(3))})


def read_labels(path: Path) -> Arrays:
    return {"": read_mat_label(path, "GTcls.Segmentation", values=range(21), size=(6, 8))}


def write_nyud(path: Path) -> None:
    make_nyud_labeled(path.parent).replace(path)


def read_nyud(path: Path) -> Arrays:
    path.rename(path.with_name("nyu_depth_v2_labeled.mat"))
    try:
        sample = NYUDDataset("test", path.parent)[0]
    finally:
        path.with_name("nyu_depth_v2_labeled.mat").rename(path)
    return {"image": sample.image, "depth": sample.extras["depth"], "label": sample.label}


READERS: dict[str, tuple[Callable[[Path], Any], Callable[[Path], Arrays]]] = {
    **{name: (e.write, arrays_of(e.read)) for name, e in weight_files.EXAMPLES.items()},
    "checkpoint": (weight_files.checkpoint, lambda path: load_checkpoint(path).params),
    "label map": (write_labels, read_labels),
    "NYUD": (write_nyud, read_nyud),
}
each_reader = pytest.mark.parametrize(("write", "read"), READERS.values(), ids=READERS)
HDF5 = {
    name: READERS[name]
    for name in READERS
    if name.startswith(("Caffe HDF5", "Keras", "MATLAB 7.3", "minifcn", "checkpoint", "NYUD"))
    and name != "Keras 3 archive"
}
each_hdf5 = pytest.mark.parametrize(("write", "read"), HDF5.values(), ids=HDF5)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


def read_or_refuse(read: Callable[[Path], Arrays], path: Path) -> Arrays:
    """Return the arrays, all of their numbers looked at, or none if the file is refused."""
    try:
        arrays = read(path)
    except (WeightsError, DataError):
        return {}
    for array in arrays.values():
        array.tobytes()
    return arrays


OWN = ("minifcn", "checkpoint", "label map", "NYUD", "MATLAB 7.3 in pieces")  # not of the file


@each_reader
def test_a_whole_file_is_read_and_its_arrays_are_views_of_it(path, write, read, request):
    write(path)
    arrays = read(path)
    assert arrays
    if not request.node.callspec.id.startswith(OWN):
        assert not any(a.flags.writeable or a.flags.owndata for a in arrays.values())


@each_reader
@pytest.mark.parametrize("tenths", TENTHS)
def test_a_truncated_file_is_refused(path, write, read, tenths):
    write(path)
    truncate(path, tenths)
    assert_refused(read, path)


@each_reader
def test_damage_is_found_or_does_no_harm(path, write, read):
    write(path)
    for content in damaged_copies(path.read_bytes(), 150):
        path.write_bytes(content)
        read_or_refuse(read, path)


OTHERS = {
    "noise": np.random.default_rng(0).bytes(1000),
    "zip": b"PK\3\4" + bytes(100),
    "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(100),
    "pickle": b"\x80\x02K\x01.",
    "text": b"no weights",
}


@each_reader
@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_another_format_is_refused(path, write, read, content):
    write(path)
    path.write_bytes(content)
    assert_refused(read, path)


@pytest.mark.parametrize("name", [name for name in READERS if name not in ("label map", "NYUD")])
def test_a_missing_file_is_reported_as_such(path, name):
    with pytest.raises(FileNotFoundError, match="there is no file .*file"):
        READERS[name][1](path)


# HDF5, which can hold what is not in the file


def members(path: Path) -> list[str]:
    """Return the paths of all groups and arrays."""
    names: list[str] = []
    with h5py.File(path) as file:
        file.visit(names.append)
    return names


@each_hdf5
def test_no_link_to_another_file_is_followed(path, write, read):
    write(path)
    expected, whole = read(path), path.read_bytes()
    other = path.with_name("other")
    other.write_bytes(whole)
    with h5py.File(other, "r+") as file:
        for name in members(path):
            if isinstance(file[name], h5py.Dataset) and file[name].dtype.kind in "fiu":
                file[name][...] += np.ones((), file[name].dtype)
    refused = 0
    for name in members(path):
        path.write_bytes(whole)
        with h5py.File(path, "r+") as file:
            del file[name]
            file[name] = h5py.ExternalLink(other, name)
        found = read_or_refuse(read, path)
        refused += not found
        for key, array in found.items():
            np.testing.assert_array_equal(array, expected[key])
    assert refused


@each_hdf5
def test_a_billion_numbers_that_were_never_written_are_refused(path, write, read):
    write(path)
    whole = path.read_bytes()
    for name in members(path):
        path.write_bytes(whole)
        with h5py.File(path, "r+") as file:
            if not isinstance(file[name], h5py.Dataset):
                continue
            dtype, shape, attributes = file[name].dtype, file[name].shape, dict(file[name].attrs)
            del file[name]
            file.create_dataset(name, (1 << 30, *shape[1:]), dtype).attrs.update(attributes)
        with taking_less_than(16 << 20):
            assert (1 << 30) not in [len(array) for array in read_or_refuse(read, path).values()]
