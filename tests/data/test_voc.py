"""PASCAL VOC trees: finding the year, reading samples, saying what is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.small_data import label_map
from PIL import Image

from minifcn.data.dataset import DataError
from minifcn.data.palette import write_palette_png
from minifcn.data.voc import VOC_CLASSES, VOCDataset


def test_there_are_21_classes():
    assert len(VOC_CLASSES) == 21 and VOC_CLASSES[15] == "person"


@pytest.mark.parametrize("place", [".", "VOCdevkit", "VOCdevkit/VOC2012"])
def test_the_tree_is_found_from_above_and_within(devkit, place):
    dataset = VOCDataset("train", devkit.parent / place)
    assert dataset.root.name == "VOC2012" and dataset.ids == ["a", "b"]


def test_the_tree_is_found_by_the_environment(devkit, monkeypatch):
    monkeypatch.setenv("MINIFCN_DATA", str(devkit))
    assert len(VOCDataset("val")) == 1


def test_a_year_can_be_chosen(devkit):
    assert VOCDataset("train", devkit, year=2007).ids == ["a"]


def test_a_sample(devkit):
    sample = VOCDataset("train", devkit)[0]
    assert sample.id == "a"
    assert sample.image.shape == (6, 8, 3) and sample.image.dtype == np.uint8
    assert np.array_equal(sample.label, label_map(15)) and sample.label.dtype == np.uint8


def test_samples_end(devkit):
    assert [sample.id for sample in VOCDataset("train", devkit)] == ["a", "b"]


def test_a_list_of_ones_own_is_a_split(devkit):
    lists = devkit / "VOC2012" / "ImageSets" / "Segmentation"
    (lists / "mine.txt").write_text("c\n\na\n")
    assert VOCDataset("mine", devkit).ids == ["c", "a"]


def test_without_a_tree_the_error_says_how_to_get_one(tmp_path):
    with pytest.raises(DataError) as error:
        VOCDataset("train", tmp_path)
    for words in (str(tmp_path), "--data-dir", "MINIFCN_DATA", "VOCtrainval_11-May-2012.tar"):
        assert words in str(error.value)


def test_a_missing_year_is_refused(devkit):
    with pytest.raises(DataError, match=r"no VOC2010 in .*, only VOC2007, VOC2012"):
        VOCDataset("train", devkit, year=2010)


def test_a_missing_split_is_refused(devkit):
    with pytest.raises(DataError, match=r"no split 'test' in .*; the lists there: train, val"):
        VOCDataset("test", devkit)


def test_an_empty_list_is_refused(devkit):
    path = devkit / "VOC2012" / "ImageSets" / "Segmentation" / "train.txt"
    path.write_text("\n")
    with pytest.raises(DataError, match=r"train\.txt is empty"):
        VOCDataset("train", devkit)


@pytest.mark.parametrize("name", ["JPEGImages/a.jpg", "SegmentationClass/a.png"])
def test_a_missing_file_is_named(devkit, name):
    (devkit / "VOC2012" / name).unlink()
    with pytest.raises(DataError, match=f"{name} does not exist"):
        VOCDataset("train", devkit)[0]


def test_sizes_that_differ_are_refused(devkit):
    write_palette_png(devkit / "VOC2012/SegmentationClass/a.png", np.zeros((8, 6), np.uint8))
    with pytest.raises(DataError, match=r"a\.jpg is 8 x 6 pixels but .*a\.png is 6 x 8"):
        VOCDataset("train", devkit)[0]


def test_values_that_are_no_class_are_refused(devkit):
    path = devkit / "VOC2012/SegmentationClass/a.png"
    Image.fromarray(label_map(38)).save(path)
    with pytest.raises(DataError, match=r"a\.png holds the value 38, .* 0\.\.20 and 255"):
        VOCDataset("train", devkit)[0]
