"""SBD's own splits, read from files in its formats."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.matlab_labels import add_jpeg, add_mat, make_sbd, sbd_map, sbd_struct

from minifcn.data.dataset import DataError
from minifcn.data.images import read_image
from minifcn.data.sbd import SBDDataset


@pytest.fixture
def sbd(tmp_path):
    """SBD with train (a, b) and val (c); the path of its folder `dataset`."""
    return make_sbd(tmp_path, {"train": "ab", "val": "c"})


@pytest.mark.parametrize("place", [".", "..", "../.."])
def test_the_tree_is_found_from_above_and_within(sbd, place):
    assert SBDDataset("train", sbd / place).ids == ["a", "b"]
    assert SBDDataset("val", sbd / place).ids == ["c"]


def test_a_sample(sbd):
    sample = SBDDataset("train", sbd)[1]
    assert sample.id == "b" and np.array_equal(sample.image, read_image(sbd / "img/b.jpg"))
    assert np.array_equal(sample.label, sbd_map(7)) and sample.label.dtype == np.uint8
    assert not sample.extras and not sample.extra_labels


def test_a_missing_tree_says_how_to_get_it(tmp_path):
    with pytest.raises(DataError, match=r"no SBD .* in .*benchmark_RELEASE.*benchmark\.tgz"):
        SBDDataset("train", tmp_path)


def test_a_missing_or_empty_list_is_refused(sbd):
    with pytest.raises(DataError, match=r"no split 'test' in .*; the lists there: train, val"):
        SBDDataset("test", sbd)
    (sbd / "val.txt").write_text("")
    with pytest.raises(DataError, match=r"val\.txt is empty"):
        SBDDataset("val", sbd)


@pytest.mark.parametrize("file", ["img/a.jpg", "cls/a.mat"])
def test_a_missing_or_truncated_file_is_named(sbd, file):
    content = (sbd / file).read_bytes()
    (sbd / file).write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=rf"{file} .*truncated or damaged"):
        SBDDataset("train", sbd)[0]
    (sbd / file).unlink()
    with pytest.raises(DataError, match=f"{file} does not exist"):
        SBDDataset("train", sbd)[0]


def test_a_value_that_is_no_class_is_refused(sbd):
    add_mat(sbd / "cls/a.mat", {"GTcls": sbd_struct(sbd_map(21))})
    with pytest.raises(DataError, match=r"a\.mat holds 21, but .* 0\.\.20"):
        SBDDataset("train", sbd)[0]


def test_the_file_of_instances_in_place_of_the_classes_is_refused(sbd):
    add_mat(sbd / "cls/a.mat", {"GTinst": {"Segmentation": sbd_map(1)}})
    with pytest.raises(DataError, match=r"a\.mat .* no variable 'GTcls', only GTinst"):
        SBDDataset("train", sbd)[0]


def test_sizes_that_differ_are_refused(sbd):
    add_jpeg(sbd / "img/a.jpg", 0)
    add_mat(sbd / "cls/a.mat", {"GTcls": sbd_struct(sbd_map(1)[:5])})
    with pytest.raises(DataError, match=r"a\.mat is 8 x 5 pixels but its image is 8 x 6"):
        SBDDataset("train", sbd)[0]
