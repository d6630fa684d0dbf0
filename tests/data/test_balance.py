"""Weights of classes by how often they occur."""

import re
from pathlib import Path

import numpy as np
import pytest

from minifcn.data.balance import class_weights, median_frequency, read_class_weights
from minifcn.data.dataset import DataError, Sample


class Maps:
    """A data set of label maps."""

    name = "maps"
    class_names = ("sky", "road", "pole", "never")

    def __init__(self, *maps):
        self.maps = maps

    def __len__(self):
        return len(self.maps)

    def __getitem__(self, index):
        label = np.array(self.maps[index], np.uint8)
        return Sample(str(index), np.zeros((*label.shape, 3), np.uint8), label)


# Of the labelled pixels: sky 6 of 8, road 1 of 5 (it is in the second image alone), pole 1 of 3.
MAPS = Maps([[0, 0, 2, 255]], [[0, 0, 0, 0, 1]])
FREQUENCY = np.array([6 / 8, 1 / 5, 1 / 3])


def test_median_frequency_by_hand():
    counts = [np.array([2, 0, 1, 0]), np.array([4, 1, 0, 0])]
    expected = [*(1 / 3 / FREQUENCY), 1]
    np.testing.assert_allclose(median_frequency(counts), expected, rtol=1e-12)


@pytest.mark.parametrize(("choice", "power"), [("balanced", 1), ("sqrt", 0.5)])
def test_weights_of_a_data_set_leave_out_what_is_ignored(choice, power):
    expected = [*(1 / 3 / FREQUENCY) ** power, 1]
    np.testing.assert_allclose(class_weights(choice, MAPS, threads=2), expected, rtol=1e-12)


def test_equal_weights_read_nothing():
    assert class_weights("equal", None, threads=1) is None


def test_a_sample_that_cannot_be_used_is_named():
    with pytest.raises(DataError, match=r"holds \[7\], not only 0\.\.3 or 255"):
        class_weights("sqrt", Maps([[0, 7]]), threads=1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("w.txt", "sky 1\nroad\t0.5\n\nsign symbol  4e0\n"),
        ("w.json", '{"sky": 1, "road": 0.5,\n "sign symbol": 4}'),
    ],
)
def test_weights_in_a_file_are_lines_or_json(name, text, tmp_path):
    (tmp_path / name).write_text(text)
    weights = read_class_weights(tmp_path / name)
    assert weights == {"sky": 1.0, "road": 0.5, "sign symbol": 4.0}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sky 1\nroad -1", "weight of class 'road' must be a number from 0 on"),
        ("sky nan", "weight of class 'sky' must be"),
        ("sky", "weight of class 'sky' must be"),
        ("sky one", "weight of class 'sky one' must be"),
        ('{"sky": "1"}', "weight of class 'sky' must be"),
        ('{"sky": {"a": 1}}', "weight of class 'sky' must be"),
        ("sky 1\nsky 2", "class 'sky' is there twice"),
        ('{"sky": 1, "sky": 2}', "class 'sky' is there twice"),
        ('{"sky": 1', "is not JSON"),
        ("sky 0", "no class has a weight above 0"),
        ("", "no class has a weight above 0"),
    ],
)
def test_weights_that_are_none_are_refused_with_their_file_and_class(text, words, tmp_path):
    path = tmp_path / "weights.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=f"^{re.escape(str(path))}.*{words}"):
        read_class_weights(path)


def test_a_choice_that_is_neither_a_name_nor_a_file_is_refused():
    with pytest.raises(DataError, match="one of equal, sqrt, balanced or a file of .* balanced2"):
        read_class_weights(Path("balanced2"))


def test_weights_by_name_come_in_the_order_of_the_classes():
    weights = {"never": 0.0, "road": 2.0, "sky": 1.0, "pole": 5.0}
    assert class_weights(weights, MAPS, threads=1) == [1, 2, 5, 0]


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"sky": 1, "raod": 1}, "maps has no class 'raod'; did you mean 'road'"),
        ({"sky": 1, "road": 1}, "maps has classes without a weight: pole, never"),
    ],
)
def test_weights_of_other_classes_are_refused(weights, words):
    with pytest.raises(DataError, match=f"--class-weights: {words}"):
        class_weights(weights, MAPS, threads=1)
