"""The pictures that a page is made of."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minifcn.data.dataset import DataError
from minifcn.data.shapes import ShapesDataset
from minifcn.exploring.subjects import find_subject

SHAPES = ShapesDataset.class_names


def test_drawn_shapes_are_found_by_their_names():
    sample = ShapesDataset("val")[3]
    found = find_subject(Path("val_00003"), SHAPES, 64)
    assert np.array_equal(found.image, sample.image)
    assert np.array_equal(found.truth, sample.label)


def test_their_truth_is_not_that_of_nets_with_other_classes():
    assert find_subject(Path("val_00003"), ("background", "cat"), 64).truth is None


def test_a_picture_is_scaled_down_to_a_side(tmp_path):
    Image.fromarray(np.zeros((30, 90, 3), np.uint8)).save(tmp_path / "wide.png")
    assert find_subject(tmp_path / "wide.png", SHAPES, 60).image.shape == (20, 60, 3)
    assert find_subject(tmp_path / "wide.png", SHAPES, 99).image.shape == (30, 90, 3)


def test_a_file_comes_before_shapes_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.zeros((4, 5, 3), np.uint8)).save("val_00003", "PNG")
    assert find_subject(Path("val_00003"), SHAPES, 60).image.shape == (4, 5, 3)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing.png", "does not exist; drawn shapes are called val_00000 to val_00199"),
        ("val_00200", "shapes has val_00000 to val_00199"),
        ("train_99999", "shapes has train_00000 to train_01999; did you mean train_01999?"),
        ("val_3", "image val_3 does not exist; .*; did you mean val_00003?"),
        ("folder/photo.png", "; there is no folder folder"),
    ],
)
def test_a_picture_that_is_not_there_is_told_of(name, said):
    with pytest.raises(DataError, match=said):
        find_subject(Path(name), SHAPES, 60)


def test_a_file_that_is_misspelt_is_told_with_the_one_like_it(tmp_path):
    (tmp_path / "photo.png").touch()
    with pytest.raises(DataError, match=f"did you mean {tmp_path / 'photo.png'}?"):
        find_subject(tmp_path / "foto.png", SHAPES, 60)
