"""PASCAL-Context: 459 labels become 59 classes by their names."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.matlab_labels import RENAMED, add_mat, full_names, make_context

from minifcn.data.context import CONTEXT_CLASSES, ContextDataset
from minifcn.data.dataset import DataError


@pytest.fixture
def context(tmp_path):
    return make_context(tmp_path)


def label_map(number, size=(6, 8)):
    return {"LabelMap": np.full(size, number, np.uint16)}


def test_there_are_60_classes():
    assert len(set(CONTEXT_CLASSES)) == 60
    assert [CONTEXT_CLASSES[i] for i in (0, 11, 28, 52, 59)] == [
        *("background", "diningtable", "clothes", "bedcloth", "wood"),
    ]


def test_the_lists_are_those_of_voc2010(context):
    assert ContextDataset("train", context.parent).ids == ["a", "b"]
    assert ContextDataset("val", context.parent).ids == ["c"]


def test_the_devkit_may_lie_in_its_own_folder(context):
    (context.parent / "VOCdevkit").mkdir()
    (context.parent / "VOC2010").rename(context.parent / "VOCdevkit" / "VOC2010")
    assert ContextDataset("val", context.parent)[0].label.shape == (6, 8)


@pytest.mark.parametrize("index", range(1, 60))
def test_each_class_is_found_by_its_name(context, index):
    name = CONTEXT_CLASSES[index]
    number = full_names().index(RENAMED.get(name, name)) + 1
    add_mat(context / "trainval" / "c.mat", label_map(number))
    label = ContextDataset("val", context.parent)[0].label
    assert label.dtype == np.uint8 and (label == index).all()


def test_all_other_labels_are_background_and_nothing_is_ignored(context):
    dataset = ContextDataset("val", context.parent)
    classes = {RENAMED.get(name, name) for name in CONTEXT_CLASSES}
    others = [0] + [n for n, name in enumerate(full_names(), 1) if name not in classes]
    assert len(others) == 401
    add_mat(context / "trainval/c.mat", {"LabelMap": np.resize(np.uint16(others), (6, 8))})
    assert (dataset[0].label == 0).all()


def test_spaces_in_names_do_not_matter(context):
    text = (context / "labels.txt").read_text()
    (context / "labels.txt").write_text(text.replace(": pottedplant", ": potted plant"))
    ContextDataset("val", context.parent)


def test_a_list_of_labels_without_a_class_is_refused(context):
    text = (context / "labels.txt").read_text()
    (context / "labels.txt").write_text(text.replace(": cloth\n", ": clothing\n"))
    with pytest.raises(DataError, match=r"labels\.txt lacks 1 of the 59 classes \(cloth\)"):
        ContextDataset("val", context.parent)


def test_a_list_of_labels_out_of_order_is_refused(context):
    lines = (context / "labels.txt").read_text().splitlines()
    (context / "labels.txt").write_text("\n".join(lines[::-1]))
    with pytest.raises(DataError, match=r'labels\.txt must have the lines "1: accordion"'):
        ContextDataset("val", context.parent)


def test_a_missing_tree_says_how_to_get_it(context):
    with pytest.raises(DataError, match=r"no PASCAL-Context .*pascal-context/"):
        ContextDataset("val", context.parent / "VOC2010")
    (context.parent / "VOC2010").rename(context.parent / "VOC2012")
    with pytest.raises(DataError, match="no VOC2010 in .*, only VOC2012"):
        ContextDataset("val", context.parent)


def test_a_label_beyond_the_list_is_refused(context):
    add_mat(context / "trainval" / "c.mat", label_map(460))
    with pytest.raises(DataError, match=r"c\.mat holds 460, but .* 0\.\.459"):
        ContextDataset("val", context.parent)[0]


def test_sizes_that_differ_are_refused(context):
    add_mat(context / "trainval" / "c.mat", label_map(1, (8, 6)))
    with pytest.raises(DataError, match=r"c\.mat is 6 x 8 pixels but its image is 8 x 6"):
        ContextDataset("val", context.parent)[0]


@pytest.mark.parametrize("file", ["VOC2010/JPEGImages/c.jpg", "pascal-context/trainval/c.mat"])
def test_a_truncated_or_missing_file_is_named(context, file):
    path = context.parent / file
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(DataError, match=rf"{file} .*truncated or damaged"):
        ContextDataset("val", context.parent)[0]
    path.unlink()
    with pytest.raises(DataError, match=f"{file} does not exist"):
        ContextDataset("val", context.parent)[0]
