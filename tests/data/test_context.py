"""PASCAL-Context: 459 labels become 59 classes by their names."""

import numpy as np
import pytest
from helpers.data_files import add_mat, add_picture
from helpers.data_trees import RENAMED, full_names, make_context

from minifcn.data.context import CONTEXT_CLASSES, ContextDataset


@pytest.fixture
def context(tmp_path):
    return make_context(tmp_path)


def test_there_are_60_classes():
    assert len(set(CONTEXT_CLASSES)) == 60
    assert [CONTEXT_CLASSES[i] for i in (0, 11, 28, 52, 59)] == [
        *("background", "diningtable", "clothes", "bedcloth", "wood"),
    ]


def test_each_class_is_found_by_its_name_and_all_other_labels_are_background(context):
    label = np.arange(460, dtype=np.uint16).reshape(20, 23)
    add_mat(context / "trainval" / "c.mat", {"LabelMap": label})
    add_picture(context.parent / "VOC2010/JPEGImages/c.jpg", np.zeros((20, 23, 3), np.uint8))
    classes = [RENAMED.get(name, name) for name in CONTEXT_CLASSES]
    found = ContextDataset("val", context.parent)[0].label
    for name, value in zip(["none", *full_names()], found.ravel(), strict=True):
        assert value == (classes.index(name) if name in classes else 0), name
    assert len(np.unique(found)) == 60


def test_the_devkit_may_lie_in_its_own_folder_and_names_have_spaces(context):
    (context.parent / "VOCdevkit").mkdir()
    (context.parent / "VOC2010").rename(context.parent / "VOCdevkit" / "VOC2010")
    text = (context / "labels.txt").read_text()
    (context / "labels.txt").write_text(text.replace(": pottedplant", ": potted plant"))
    assert ContextDataset("val", context.parent)[0].label.shape == (6, 8)
