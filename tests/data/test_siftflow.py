"""SIFT Flow: its two label maps and its lists."""

import numpy as np
import pytest
from helpers.data_files import edit
from helpers.data_trees import GEOMETRIC, SEMANTIC, make_siftflow

from minifcn.data.siftflow import GEOMETRIC_CLASSES, SEMANTIC_CLASSES, SiftFlowDataset


@pytest.fixture
def siftflow(tmp_path):
    return make_siftflow(tmp_path)


def test_there_are_33_and_3_classes():
    assert len(set(SEMANTIC_CLASSES)) == 33 and list(SEMANTIC_CLASSES) == sorted(SEMANTIC_CLASSES)
    assert GEOMETRIC_CLASSES == ("sky", "horizontal", "vertical")


def test_a_sample_has_both_label_maps_counted_from_zero(siftflow):
    sample = SiftFlowDataset("test", siftflow)[0]
    for label, stored in ((sample.label, SEMANTIC), (sample.extra_labels["geo"], GEOMETRIC)):
        assert label.dtype == np.uint8
        assert (label[stored <= 0] == 255).all() and (stored <= 0).any()
        assert np.array_equal(label[stored > 0], stored[stored > 0] - 1)


def test_the_head_geo_is_described(siftflow):
    dataset = SiftFlowDataset("test", siftflow)
    assert dataset.extra_classes == {"geo": GEOMETRIC_CLASSES}
    for palette in (dataset.palette, dataset.extra_palettes["geo"]):
        assert palette[:33].any(axis=1).all() and not palette[255].any()  # black is for void


def test_training_has_the_labelled_images_that_are_not_for_the_test(siftflow):
    for split, ids in {"trainval": "ab", "train": "ab", "test": "c", "val": "c"}.items():
        assert SiftFlowDataset(split, siftflow).ids == list(ids)
    edit(siftflow, {"trainval.txt": "b\n"})
    assert SiftFlowDataset("trainval", siftflow).ids == ["b"]  # a list is taken as it is
