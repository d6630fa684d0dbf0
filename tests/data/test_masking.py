"""Parts of images painted over: which pixels are left, and what is passed on."""

import numpy as np
import pytest

from minifcn.data import open_dataset
from minifcn.data.dataset import DataError
from minifcn.data.masking import HIDDEN, MASKS, OBJECT, masked, masked_image

LABEL = np.array([[0, 3, 255]], np.uint8)
IMAGE = np.array([[(1, 2, 3), (4, 5, 6), (7, 8, 9)]], np.uint8)
GREY, WHITE = HIDDEN.tolist(), OBJECT.tolist()


@pytest.mark.parametrize(
    ("mask", "left"),
    [
        ("none", [[1, 2, 3], [4, 5, 6], [7, 8, 9]]),
        ("background", [GREY, [4, 5, 6], GREY]),
        ("foreground", [[1, 2, 3], GREY, GREY]),
        ("both", [GREY, WHITE, GREY]),
    ],
)
def test_what_is_left(mask, left):
    assert masked_image(IMAGE, LABEL, mask).tolist() == [left]


def test_the_original_is_not_written_to():
    image = IMAGE.copy()
    for mask in MASKS:
        masked_image(image, LABEL, mask)
    np.testing.assert_array_equal(image, IMAGE)


def test_all_else_is_the_original_s():
    original = open_dataset("shapes", "val", length=3)
    dataset = masked(original, "foreground")
    assert len(dataset) == 3
    assert dataset.class_names == original.class_names
    assert dataset.ids == original.ids
    assert dataset[1].id == original[1].id
    np.testing.assert_array_equal(dataset[1].label, original[1].label)
    assert not hasattr(dataset, "image_path")
    assert masked(original, "none") is original


def test_depth_does_not_show_what_is_hidden():
    dataset = masked(open_dataset("shapes", "val", length=1, depth=True), "foreground")
    assert not dataset[0].extras


def test_it_takes_a_background():
    dataset = open_dataset("shapes", "val", length=1)
    dataset.class_names = ("sky", *dataset.class_names[1:])
    with pytest.raises(DataError, match="--mask both: class 0 has to be the background.*'sky'"):
        masked(dataset, "both")
