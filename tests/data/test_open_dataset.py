"""Opening data sets by name, and what every data set offers."""

import numpy as np
import pytest
from helpers.data_trees import MAKE

from minifcn.data import DATASETS, DataError, open_dataset


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_keeps_the_protocol(name, tmp_path, request):
    make = MAKE.get(name, lambda folder: None)
    make(tmp_path)
    folder = request.getfixturevalue("own_folder") if name == "folder" else tmp_path
    opened = open_dataset(name, "train", data_dir=None if name == "shapes" else folder)
    assert opened.name in DATASETS
    assert len(opened) == len(opened.ids) == len(set(opened.ids)) > 0
    assert isinstance(opened.class_names, tuple) and len(opened.class_names) > 1
    assert opened.palette.shape == (256, 3) and opened.palette.dtype == np.uint8
    first, again = opened[0], opened[0]
    assert first.id == opened.ids[0] and first.image.shape == (*first.label.shape, 3)
    assert first.image.dtype == first.label.dtype == np.uint8
    assert np.array_equal(first.image, again.image) and np.array_equal(first.label, again.label)
    assert [label.shape for label in first.extra_labels.values()] == [
        first.label.shape for _ in getattr(opened, "extra_classes", {})
    ]
    with pytest.raises(IndexError):
        opened[len(opened)]


@pytest.mark.parametrize(
    ("name", "split", "ids"),
    [
        ("voc", "train", "a b"),
        ("sbd", "train", "a b"),
        ("sbd", "val", "c"),
        ("siftflow", "test", "c"),
        ("context", "train", "a b"),
        ("context", "val", "c"),
        ("nyud", "train", "5003 5001"),
    ],
)
def test_the_tree_is_found_from_above_and_within(name, split, ids, tmp_path):
    below = MAKE[name](tmp_path)  # a devkit; of the others the tree itself
    places = [tmp_path] if name == "context" else [tmp_path, below]
    for place in [*places, *below.glob("VOC2012")]:
        assert open_dataset(name, split, data_dir=place).ids == ids.split()


def test_options_reach_the_data_set(devkit):
    shapes = open_dataset("shapes", "val", size=(40, 50), length=3, seed=2)
    assert len(shapes) == 3 and shapes[0].label.shape == (40, 50)
    assert len(open_dataset("voc", "train", data_dir=devkit, year=2007)) == 1


def test_unknown_names_and_options_are_refused():
    with pytest.raises(DataError, match="unknown dataset 'coco'; there are shapes, voc, sbd, "):
        open_dataset("coco", "train")
    with pytest.raises(DataError, match="'shapes' has no option 'year'; it has size, length, seed"):
        open_dataset("shapes", "train", year=2012)
