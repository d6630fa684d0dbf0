"""VOC with SBD: what is trained on, what is left to validate on, whose labels are used."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.matlab_labels import make_sbd, sbd_map
from helpers.small_data import add_pair, label_map

from minifcn.data.dataset import DataError
from minifcn.data.images import read_image
from minifcn.data.voc import VOCDataset

# VOC's lists; SBD's train has c and d of val, b of train, and x, which VOC has no label map of.
VOC_LISTS = {"train": "ab", "val": "cdef"}
VOC12_LISTS = {"train": "abt", "val": "cdefg"}


@pytest.fixture
def data(tmp_path):
    """A folder with VOC2011, VOC2012 and SBD; SBD's labels are of class 7, VOC's of 15."""
    for year, lists in (("2011", VOC_LISTS), ("2012", VOC12_LISTS)):
        root = tmp_path / "VOCdevkit" / f"VOC{year}"
        (root / "ImageSets" / "Segmentation").mkdir(parents=True)
        for split, ids in lists.items():
            (root / f"ImageSets/Segmentation/{split}.txt").write_text("\n".join(ids))
            for name in ids:
                image, label = (f"JPEGImages/{name}.jpg", f"SegmentationClass/{name}.png")
                add_pair(root / image, root / label, seed=ord(name), value=15)
    make_sbd(tmp_path, {"train": "bcdx", "val": "ef"})
    return tmp_path


def test_seg11valid_is_val_of_2011_without_what_sbd_trains_on(data):
    dataset = VOCDataset("seg11valid", data)
    assert dataset.ids == ["e", "f"] and dataset.root.name == "VOC2011"
    assert np.array_equal(dataset[0].label, label_map(15))  # VOC's, with the border


def test_seg11valid_can_be_read_from_another_year(data):
    dataset = VOCDataset("seg11valid", data, year=2012)
    assert dataset.ids == ["e", "f"] and dataset.root.name == "VOC2012"


def test_a_list_of_that_name_is_taken_as_it_is(data):
    (data / "VOCdevkit/VOC2011/ImageSets/Segmentation/seg11valid.txt").write_text("f\n")
    assert VOCDataset("seg11valid", data).ids == ["f"]


@pytest.mark.parametrize(
    ("year", "train", "val"), [(2011, "abx", "ef"), (2012, "abtx", "efg"), (None, "abtx", "efg")]
)
def test_with_sbd_nothing_is_both_trained_and_validated_on(data, year, train, val):
    splits = [VOCDataset(split, data, year=year, sbd=True) for split in ("train", "val")]
    trained, validated = (dataset.ids for dataset in splits)
    assert sorted(trained) == sorted({*train, *"cd"}) and len(set(trained)) == len(trained)
    assert validated == list(val)


def test_vocs_own_label_map_goes_before_sbds(data):
    dataset = VOCDataset("train", data, sbd=True)
    by_id = {sample.id: sample for sample in dataset}
    for name in "abcd":
        assert np.array_equal(by_id[name].label, label_map(15)), name
    assert np.array_equal(by_id["x"].label, sbd_map(7))
    image = data / "benchmark_RELEASE/dataset/img/x.jpg"
    assert np.array_equal(by_id["x"].image, read_image(image))
    assert dataset.image_path(dataset.ids.index("x")) == image


def test_with_sbd_other_splits_are_refused(data):
    with pytest.raises(DataError, match=r"splits train, val and seg11valid, not 'trainval'"):
        VOCDataset("trainval", data, sbd=True)


def test_without_sbd_the_error_says_what_is_needed(data):
    (data / "benchmark_RELEASE").rename(data / "elsewhere")
    (data / "elsewhere/dataset/train.txt").unlink()
    for options in ({"split": "seg11valid"}, {"split": "train", "sbd": True}):
        with pytest.raises(DataError, match=r"no SBD .* benchmark\.tgz"):
            VOCDataset(data_dir=data, **options)


def test_without_2011_the_error_says_so(data):
    (data / "VOCdevkit/VOC2011").rename(data / "old")
    for year in (None, 2012):
        with pytest.raises(DataError, match=r"no VOC2011 in .*, only VOC2012"):
            VOCDataset("seg11valid", data, year=year)


def test_nothing_left_to_validate_on_is_refused(data):
    (data / "benchmark_RELEASE/dataset/train.txt").write_text("c\nd\ne\nf\n")
    with pytest.raises(DataError, match="SBD trains on all images in the list"):
        VOCDataset("seg11valid", data)


def test_the_test_split_has_no_labels(data):
    root = data / "VOCdevkit/VOC2012"
    (root / "ImageSets/Segmentation/test.txt").write_text("a\nz\n")
    add_pair(root / "JPEGImages/z.jpg", data / "z.png")
    labels = [sample.label for sample in VOCDataset("test", data)]
    assert np.array_equal(labels[0], label_map(15)) and (labels[1] == 255).all()
    assert labels[1].shape == (6, 8)
