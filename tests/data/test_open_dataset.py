"""Opening data sets by name, and what every data set offers."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.matlab_labels import make_context, make_sbd, make_siftflow
from helpers.nyud_files import make_nyud_folder

from minifcn.data import DATASETS, DataError, open_dataset


@pytest.fixture
def opened(request, devkit, own_folder, tmp_path):
    """One data set of each name."""
    make_sbd(tmp_path, {"train": "ab"})
    make_siftflow(tmp_path)
    make_context(tmp_path)
    make_nyud_folder(tmp_path)
    where = {"shapes": None, "voc": devkit, "folder": own_folder}
    where |= dict.fromkeys(("sbd", "nyud", "siftflow", "context"), tmp_path)
    return open_dataset(request.param, "train", data_dir=where[request.param])


@pytest.mark.parametrize("opened", list(DATASETS), indirect=True)
def test_every_data_set_keeps_the_protocol(opened):
    assert opened.name in DATASETS
    assert len(opened) == len(opened.ids) == len(set(opened.ids)) > 0
    assert isinstance(opened.class_names, tuple) and len(opened.class_names) > 1
    assert opened.palette.shape == (256, 3) and opened.palette.dtype == np.uint8
    first, again = opened[0], opened[0]
    assert first.id == opened.ids[0] and first.image.shape == (*first.label.shape, 3)
    assert np.array_equal(first.image, again.image) and np.array_equal(first.label, again.label)
    assert [label.shape for label in first.extra_labels.values()] == [
        first.label.shape for _ in getattr(opened, "extra_classes", {})
    ]
    with pytest.raises(IndexError):
        opened[len(opened)]


def test_options_reach_the_data_set(devkit):
    shapes = open_dataset("shapes", "val", size=(40, 50), length=3, seed=2)
    assert len(shapes) == 3 and shapes[0].label.shape == (40, 50)
    assert len(open_dataset("voc", "train", data_dir=devkit, year=2007)) == 1


def test_an_unknown_name_is_refused():
    with pytest.raises(DataError, match="unknown dataset 'coco'; there are shapes, voc, sbd, "):
        open_dataset("coco", "train")


def test_an_unknown_option_is_refused():
    with pytest.raises(DataError, match="'shapes' has no option 'year'; it has size, length, seed"):
        open_dataset("shapes", "train", year=2012)
