"""PASCAL VOC, alone and with SBD: what is trained and validated on, whose labels are used."""

import numpy as np
import pytest
from helpers.data_files import add_pair, edit, label_map
from helpers.data_trees import make_sbd, make_voc, sbd_map

from minifcn.data.dataset import DataError
from minifcn.data.images import read_image
from minifcn.data.sbd import SBDDataset
from minifcn.data.voc import VOC_CLASSES, VOCDataset

LISTS = "VOCdevkit/VOC2012/ImageSets/Segmentation"


def test_there_are_21_classes():
    assert len(VOC_CLASSES) == 21 and VOC_CLASSES[15] == "person"


def test_the_tree_is_found_by_the_environment(devkit, monkeypatch):
    monkeypatch.setenv("MINIFCN_DATA", str(devkit))
    dataset = VOCDataset("train")
    assert dataset.root.name == "VOC2012"  # the newest
    assert [sample.id for sample in dataset] == ["a", "b"]
    assert np.array_equal(dataset[0].label, label_map(15))


def test_a_list_of_ones_own_is_a_split(devkit):
    edit(devkit.parent, {f"{LISTS}/mine.txt": "c\n\na\n"})
    assert VOCDataset("mine", devkit).ids == ["c", "a"]


def test_sbd_alone(tmp_path):
    root = make_sbd(tmp_path)
    sample = SBDDataset("train", root.parent)[1]
    assert sample.id == "b" and np.array_equal(sample.image, read_image(root / "img/b.jpg"))
    assert np.array_equal(sample.label, sbd_map(7)) and not sample.extras


# VOC's lists; SBD's train has c and d of val, b of train, and x, which VOC has no label map of.


@pytest.fixture
def data(tmp_path):
    """A folder with VOC2011, VOC2012 and SBD; SBD's labels are of class 7, VOC's of 15."""
    lists = {"2011": {"train": "ab", "val": "cdef"}, "2012": {"train": "abt", "val": "cdefg"}}
    make_voc(tmp_path, lists)
    make_sbd(tmp_path, {"train": "bcdx", "val": "ef"})
    return tmp_path


@pytest.mark.parametrize("year", [None, 2012])
def test_seg11valid_is_val_of_2011_without_what_sbd_trains_on(data, year):
    dataset = VOCDataset("seg11valid", data, year=year)
    assert dataset.ids == ["e", "f"] and dataset.root.name == f"VOC{year or 2011}"
    assert np.array_equal(dataset[0].label, label_map(15))  # VOC's, with the border


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


def test_the_test_split_has_no_labels(data):
    edit(data, {f"{LISTS}/test.txt": "a\nz\n"})
    add_pair(data / "VOCdevkit/VOC2012/JPEGImages/z.jpg", data / "z.png")
    labels = [sample.label for sample in VOCDataset("test", data)]
    assert np.array_equal(labels[0], label_map(15)) and (labels[1] == 255).all()
    assert labels[1].shape == (6, 8)


SBD, TRAINED = {"benchmark_RELEASE": None}, {"benchmark_RELEASE/dataset/train.txt": "c\nd\ne\nf\n"}


@pytest.mark.parametrize(
    ("options", "changes", "words"),
    [
        ({"split": "trainval", "sbd": True}, {}, "train, val and seg11valid, not 'trainval'"),
        ({"split": "seg11valid"}, SBD, r"no SBD .* benchmark\.tgz"),
        ({"split": "train", "sbd": True}, SBD, r"no SBD .* benchmark\.tgz"),
        ({"split": "seg11valid"}, {"VOCdevkit/VOC2011": None}, r"no VOC2011 in .*, only VOC2012"),
        ({"split": "train", "year": 2010}, {}, r"no VOC2010 in .*, only VOC2011, VOC2012"),
        ({"split": "seg11valid"}, TRAINED, "SBD trains on all images in the list"),
    ],
)
def test_what_is_wrong_with_the_trees_is_said(data, options, changes, words):
    edit(data, changes)
    with pytest.raises(DataError, match=words):
        VOCDataset(data_dir=data, **options)
