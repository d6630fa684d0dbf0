"""Parts of a data set: which samples they have, and that they are data sets."""

from itertools import pairwise

import numpy as np
import pytest

from minifcn.data.dataset import DataError
from minifcn.data.shapes import ShapesDataset
from minifcn.data.statistics import head_classes
from minifcn.data.subset import subset

DATA = ShapesDataset("train", length=40, two_heads=True)


@pytest.mark.parametrize(
    ("images", "count"),
    [("1", 1), ("40", 40), ("1.0", 40), ("0.25", 10), ("0.01", 1), ("0.99", 40), ("0.5", 20)],
)
def test_a_whole_number_is_of_images_and_one_with_a_point_a_part(images, count):
    assert len(subset(DATA, images)) == count


def test_smaller_parts_are_within_larger_ones_and_in_the_order_of_the_whole():
    parts = [subset(DATA, str(count)).ids for count in range(1, 41)]
    for smaller, larger in pairwise(parts):
        assert set(smaller) < set(larger)
    assert all(part == sorted(part, key=DATA.ids.index) for part in parts)
    assert parts[9] != DATA.ids[:10]


def test_a_sample_is_that_of_its_name():
    part = subset(DATA, "5")
    for index, name in enumerate(part.ids):
        assert part[index].id == name
        assert np.array_equal(part[index].image, DATA[DATA.ids.index(name)].image)
    assert (part.name, part.class_names) == (DATA.name, DATA.class_names)
    assert head_classes(part) == head_classes(DATA)  # of both heads
    with pytest.raises(IndexError):
        part[5]


def test_files_are_those_of_the_samples():
    class Files(ShapesDataset):
        def image_path(self, index):
            return f"{self.ids[index]}.png"

    part = subset(Files("train", length=9), "3")
    assert [part.image_path(index) for index in range(3)] == [f"{name}.png" for name in part.ids]
    assert not hasattr(subset(DATA, "3"), "image_path")


def test_more_images_than_there_are_are_refused():
    with pytest.raises(DataError, match="--images 41 are more than the 40 that shapes has"):
        subset(DATA, "41")
