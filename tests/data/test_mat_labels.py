"""Label maps in MATLAB files: read as SciPy reads them, refused by name if they are damaged."""

import numpy as np
import pytest
import scipy.io
from helpers.data_files import add_mat
from helpers.data_trees import sbd_map, sbd_struct

from minifcn.data import mat_labels
from minifcn.data.dataset import DataError
from minifcn.data.mat_labels import read_mat_label

MAP = np.arange(15).reshape(3, 5)
both_ways = pytest.mark.parametrize("compressed", [False, True])


def read(path, variable="S", values=range(15), size=(3, 5)):
    return read_mat_label(path, variable, values=values, size=size)


@pytest.mark.parametrize("dtype", ["f8", "u1", "u2"])
def test_a_map_is_read_whatever_the_type_of_its_numbers(tmp_path, dtype):
    path = tmp_path / "a.mat"
    add_mat(path, {"before": "text", "S": MAP.astype(dtype)})
    label = read(path)
    assert label.dtype == np.int16 and np.array_equal(label, MAP)


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
        ({"S": MAP}, "S.Segmentation", r"no struct of size 1 x 1 with the field 'Segmentation'"),
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
    with pytest.raises(DataError, match=rf"a\.mat .*{message}"):
        read(tmp_path / "a.mat", variable)


def test_a_bomb_is_not_unfolded(tmp_path, monkeypatch):
    monkeypatch.setattr(mat_labels, "LIMIT", 1 << 20)
    add_mat(tmp_path / "a.mat", {"S": np.zeros((2, 1 << 20), np.uint8)})
    with pytest.raises(DataError, match=r"a\.mat .* unfolds to more than the 1048576 bytes"):
        read(tmp_path / "a.mat")


def test_a_huge_file_is_not_read(tmp_path):
    with (tmp_path / "a.mat").open("wb") as file:
        file.truncate(65 << 20)  # a hole, which takes no space
    with pytest.raises(DataError, match=r"a\.mat .* is larger than 64 MiB"):
        read(tmp_path / "a.mat")


def test_a_file_of_version_7_3_is_told(tmp_path):
    (tmp_path / "a.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM")
    with pytest.raises(DataError, match=r"version 7\.3; save it with the option -v7"):
        read(tmp_path / "a.mat")
