"""Label maps in MATLAB files: read as SciPy reads them, refused by name if they are damaged."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
import scipy.io
from helpers.data_files import add_mat
from helpers.data_trees import sbd_map, sbd_struct

from minifcn.data.dataset import DataError
from minifcn.data.mat_labels import read_mat_label

MAP = np.arange(15).reshape(3, 5)
both_ways = pytest.mark.parametrize("compressed", [False, True])


def read(path, variable="S", values=range(15), size=(3, 5)):
    return read_mat_label(path, variable, values=values, size=size)


@both_ways
@pytest.mark.parametrize("dtype", ["f8", "f4", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8"])
def test_every_type_of_number_is_read(tmp_path, dtype, compressed):
    path = tmp_path / "a.mat"
    add_mat(path, {"before": "text", "S": MAP.astype(dtype)}, compressed)
    label = read(path)
    assert label.dtype == np.int16 and np.array_equal(label, MAP)


def test_numbers_that_share_eight_bytes_with_their_tag_are_read(tmp_path):
    add_mat(tmp_path / "a.mat", {"S": np.array([[1, 2, 3]], np.uint8)}, compressed=False)
    assert read(tmp_path / "a.mat", size=(1, 3)).tolist() == [[1, 2, 3]]


@both_ways
def test_a_field_of_a_struct_beside_sparse_maps_is_read_as_scipy_reads_it(tmp_path, compressed):
    path = tmp_path / "a.mat"
    add_mat(path, {"GTcls": sbd_struct(sbd_map(20))}, compressed)
    label = read(path, "GTcls.Segmentation", range(21), (6, 8))
    assert np.array_equal(label, scipy.io.loadmat(path)["GTcls"][0]["Segmentation"][0])


@pytest.mark.parametrize(
    ("variables", "variable", "message"),
    [
        ({"T": MAP}, "S", r"has no variable 'S', only T; copy or extract it again"),
        ({"S": MAP}, "S.Segmentation", r"'S' is not a struct of size 1 x 1"),
        ({"S": {"other": MAP}}, "S.Segmentation", r"has no field 'Segmentation', only other"),
        ({"S": {"Segmentation": "text"}}, "S.Segmentation", r"is no array of numbers"),
        ({"S": "text"}, "S", r"is no array of numbers"),
        ({"S": MAP * 1j}, "S", r"is no array of numbers"),
        ({"S": {"field": MAP}}, "S", r"is no array of numbers"),
        ({"S": np.zeros((3, 5, 2))}, "S", r"has the shape \(3, 5, 2\), not \(height, width\)"),
        ({"S": MAP.T}, "S", r"is 3 x 5 pixels but its image is 5 x 3"),
        ({"S": MAP + 1}, "S", r"holds 15, but the values of this data set are 0\.\.14"),
        ({"S": MAP - 0.5}, "S", r"holds -0\.5, 0\.5, 1\.5,"),
        ({"S": MAP * np.nan}, "S", r"holds nan, but"),
    ],
)
def test_what_is_no_such_label_map_is_refused_by_name(tmp_path, variables, variable, message):
    add_mat(tmp_path / "a.mat", variables)
    with pytest.raises(DataError, match=rf"label map .*a\.mat .*{message}"):
        read(tmp_path / "a.mat", variable)


@both_ways
def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path, compressed):
    path = tmp_path / "a.mat"
    add_mat(path, {"S": MAP}, compressed)
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 7):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"a\.mat"):
            read(path)


@both_ways
def test_a_truncated_struct_is_refused(tmp_path, compressed):
    path = tmp_path / "a.mat"
    add_mat(path, {"GTcls": sbd_struct(sbd_map(3))}, compressed)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"a\.mat cannot be read: it is cut off"):
        read(path, "GTcls.Segmentation", range(21), (6, 8))


def test_changed_bytes_give_a_label_map_or_a_data_error(tmp_path):
    path = tmp_path / "a.mat"
    add_mat(path, {"GTcls": sbd_struct(sbd_map(3))}, compressed=False)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        changed = bytearray(whole)
        changed[rng.integers(124, len(whole))] = rng.integers(256)
        path.write_bytes(changed)
        try:
            read(path, "GTcls.Segmentation", range(21), (6, 8))
        except DataError:
            refused += 1
    assert refused > 10


HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"


def element(kind, content):
    return struct.pack("<2I", kind, len(content)) + content + bytes(-len(content) % 8)


def matrix(shape, numbers):
    flags, dims = struct.pack("<2I", 9, 0), struct.pack(f"<{len(shape)}i", *shape)
    parts = ((6, flags), (5, dims), (1, b"S"), (2, numbers))
    return element(14, b"".join(element(*part) for part in parts))


def test_a_bomb_is_not_unfolded(tmp_path):
    packed = zlib.compress(matrix((65, 1 << 20), bytes(65 << 20)), 1)
    (tmp_path / "a.mat").write_bytes(HEADER + struct.pack("<2I", 15, len(packed)) + packed)
    with pytest.raises(DataError, match=r"a\.mat .* unfolds to more than 64 MiB"):
        read(tmp_path / "a.mat")


@pytest.mark.parametrize("shape", [(1 << 30, 1 << 30), (-3, -5), (3, 6)])
def test_a_shape_that_the_numbers_do_not_fill_is_refused(tmp_path, shape):
    (tmp_path / "a.mat").write_bytes(HEADER + matrix(shape, bytes(15)))
    with pytest.raises(DataError, match=r"a\.mat .* claims \[.*\] numbers and has 15"):
        read(tmp_path / "a.mat")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "header is not that of a MATLAB file"),
        (HEADER[:124] + b"\0\2IM", "version 7.3; save it with the option -v7"),
        (HEADER[:124] + b"\1\0MI", "header is not that of a MATLAB file, version 5, of a PC"),
        (HEADER, "has no variable 'S', only none"),
        (HEADER + element(15, b"no stream"), "a compressed variable is damaged"),
    ],
)
def test_another_kind_of_file_is_refused(tmp_path, content, message):
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(DataError, match=rf"a\.mat cannot be read: .*{message}"):
        read(tmp_path / "a.mat")


def test_a_huge_file_is_not_read(tmp_path):
    with (tmp_path / "a.mat").open("wb") as file:
        file.truncate(65 << 20)  # a hole, which takes no space
    with pytest.raises(DataError, match=r"a\.mat is larger than 64 MiB"):
        read(tmp_path / "a.mat")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"a\.mat does not exist"):
        read(tmp_path / "a.mat")
    with pytest.raises(DataError, match=r"cannot be opened"):
        read(tmp_path)
