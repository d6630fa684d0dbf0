"""The checks of a data set: label values, absent classes, images in both splits."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from helpers.data_files import add_pair, label_map, picture
from PIL import Image

from minifcn.data.checks import check_labels, shared_images
from minifcn.data.dataset import Sample
from minifcn.data.folder import FolderDataset
from minifcn.data.shapes import ShapesDataset
from minifcn.data.voc import VOCDataset


class Labels:
    """A data set of three classes in memory, one label map a sample."""

    class_names = ("a", "b", "c")

    def __init__(self, *labels):
        self.labels = [np.array(label, np.uint8) for label in labels]
        self.ids = [f"s{i}" for i in range(len(labels))]

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        label = self.labels[index]
        return Sample(self.ids[index], np.zeros((*label.shape, 3), np.uint8), label)


def test_label_values_are_counted():
    report = check_labels(Labels([[0, 0, 1]], [[1, 255, 255]]))
    assert report.samples == 2 and not report.problems and report.absent_classes == [2]
    assert {int(v): int(report.counts[v]) for v in np.flatnonzero(report.counts)} == {
        0: 2,
        1: 2,
        255: 2,
    }


def test_values_that_are_no_class_are_reported():
    report = check_labels(Labels([[0, 1, 2]], [[3, 254, 2]]))
    assert report.problems == {"s1": "the label map holds [3, 254], not only 0..2 or 255"}


def test_a_sample_that_cannot_be_read_is_reported(devkit):
    path = devkit / "VOC2012/SegmentationClass/a.png"
    path.unlink()
    report = check_labels(VOCDataset("train", devkit))
    assert report.problems == {"a": f"label map {path} does not exist"}
    assert report.counts.sum() == label_map(15).size


def test_a_limit_spreads_over_the_data_set():
    labels = Labels(*[[[i % 3]] for i in range(9)])
    report = check_labels(labels, sample_limit=3)  # samples 0, 4, 8
    assert report.samples == 3 and report.counts[:3].tolist() == [1, 1, 1]


# Images in both splits


@pytest.fixture
def splits(tmp_path):
    """A folder with the training images a, b and the validation images a, c, all different."""
    for seed, name in enumerate(("train/a", "train/b", "val/a", "val/c")):
        add_pair(tmp_path / "images" / f"{name}.png", tmp_path / "labels" / f"{name}.png", seed)
    (tmp_path / "classes.txt").write_text("nothing\nthing\n")
    return tmp_path


def shared(folder):
    return shared_images(FolderDataset("train", folder), FolderDataset("val", folder))


def test_a_name_alone_makes_no_shared_image(splits):
    assert shared(splits) == []


def test_a_copied_file_is_found_under_another_name(splits):
    shutil.copy(splits / "images/train/b.png", splits / "images/val/c.png")
    assert shared(splits) == [("b", "c")]


def test_a_picture_saved_again_is_found_by_its_name(splits):
    smooth = Image.fromarray(picture(0)).resize((64, 64), Image.Resampling.BICUBIC)
    smooth.save(splits / "images/train/a.png")
    (splits / "images/val/a.png").unlink()
    smooth.save(splits / "images/val/a.jpg", quality=95)
    assert shared(splits) == [("a", "a")]


def test_images_without_files_are_compared_by_name_and_look():
    images = ShapesDataset("train", size=(32, 32), length=3)
    assert shared_images(images, images) == [(name, name) for name in images.ids]


def test_the_splits_of_shapes_share_nothing():
    assert shared_images(ShapesDataset("train"), ShapesDataset("val")) == []
