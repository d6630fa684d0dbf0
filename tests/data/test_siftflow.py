"""SIFT Flow: its two label maps, its lists, what is wrong with its files."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.matlab_labels import GEOMETRIC, SCENES, SEMANTIC, add_mat, make_siftflow

from minifcn.data.dataset import DataError
from minifcn.data.siftflow import GEOMETRIC_CLASSES, SEMANTIC_CLASSES, SiftFlowDataset


@pytest.fixture
def siftflow(tmp_path):
    return make_siftflow(tmp_path)


def test_there_are_33_and_3_classes():
    assert len(set(SEMANTIC_CLASSES)) == 33 and list(SEMANTIC_CLASSES) == sorted(SEMANTIC_CLASSES)
    assert GEOMETRIC_CLASSES == ("sky", "horizontal", "vertical")


@pytest.mark.parametrize("place", [".", ".."])
def test_the_tree_is_found_from_above_and_within(siftflow, place):
    assert SiftFlowDataset("test", siftflow / place).ids == ["c"]


def test_a_sample_has_both_label_maps_counted_from_zero(siftflow):
    sample = SiftFlowDataset("test", siftflow)[0]
    assert sample.image.shape == (6, 8, 3)
    for label, stored in ((sample.label, SEMANTIC), (sample.extra_labels["geo"], GEOMETRIC)):
        assert label.dtype == np.uint8
        assert (label[stored <= 0] == 255).all() and (stored <= 0).any()
        assert np.array_equal(label[stored > 0], stored[stored > 0] - 1)


def test_the_head_geo_is_described(siftflow):
    dataset = SiftFlowDataset("test", siftflow)
    assert dataset.extra_classes == {"geo": GEOMETRIC_CLASSES}
    assert dataset.extra_palettes["geo"].shape == dataset.palette.shape == (256, 3)
    for palette in (dataset.palette, dataset.extra_palettes["geo"]):
        assert palette[:33].any(axis=1).all() and not palette[255].any()  # black is for void


def test_training_has_the_labelled_images_that_are_not_for_the_test(siftflow):
    assert SiftFlowDataset("trainval", siftflow).ids == ["a", "b"]


def test_a_list_for_training_is_taken_as_it_is(siftflow):
    (siftflow / "trainval.txt").write_text("b\n")
    assert SiftFlowDataset("trainval", siftflow).ids == ["b"]


def test_train_and_val_are_other_names_for_trainval_and_test(siftflow):
    assert SiftFlowDataset("train", siftflow).ids == ["a", "b"]
    assert SiftFlowDataset("val", siftflow).ids == ["c"]


def test_a_missing_list_says_where_to_get_it(siftflow):
    with pytest.raises(DataError, match=r"no list .*mine\.txt"):
        SiftFlowDataset("mine", siftflow)
    (siftflow / "test.txt").unlink()
    for split in ("train", "test"):
        with pytest.raises(DataError, match=r"no list .*data/sift-flow"):
            SiftFlowDataset(split, siftflow)


def test_an_empty_split_is_refused(siftflow):
    (siftflow / "test.txt").write_text("a\nb\nc\n")
    with pytest.raises(DataError, match="has no images for trainval"):
        SiftFlowDataset("trainval", siftflow)


def test_a_missing_tree_says_how_to_get_it(tmp_path):
    with pytest.raises(DataError, match=r"no SIFT Flow .*SiftFlowDataset\.zip"):
        SiftFlowDataset("test", tmp_path)


@pytest.mark.parametrize(
    ("kind", "value", "allowed"),
    [("SemanticLabels", 34, "0..33"), ("SemanticLabels", -1, "0..33"), ("GeoLabels", 4, "-1..3")],
)
def test_a_value_that_is_no_class_is_refused(siftflow, kind, value, allowed):
    add_mat(siftflow / kind / SCENES / "c.mat", {"S": np.full((6, 8), value)})
    with pytest.raises(DataError, match=rf"{kind}.*c\.mat holds {value}, but .* {allowed};"):
        SiftFlowDataset("test", siftflow)[0]


@pytest.mark.parametrize("kind", ["SemanticLabels", "GeoLabels"])
def test_a_damaged_or_missing_label_map_is_named(siftflow, kind):
    path = siftflow / kind / SCENES / "c.mat"
    path.write_bytes(path.read_bytes()[:150])
    with pytest.raises(DataError, match=rf"{kind}.*c\.mat cannot be read .* is cut off"):
        SiftFlowDataset("test", siftflow)[0]
    path.unlink()
    with pytest.raises(DataError, match=rf"{kind}.*c\.mat does not exist"):
        SiftFlowDataset("test", siftflow)[0]


def test_a_truncated_image_is_named(siftflow):
    path = siftflow / "Images" / SCENES / "c.jpg"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"c\.jpg .*truncated"):
        SiftFlowDataset("test", siftflow)[0]
