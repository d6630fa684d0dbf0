"""Images that are in both splits are found."""

import shutil

import pytest
from helpers.data_files import add_pair, picture
from PIL import Image

from minifcn.data.folder import FolderDataset
from minifcn.data.shapes import ShapesDataset
from minifcn.data.shared_images import shared_images


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
