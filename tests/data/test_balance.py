"""Weights of classes by how often they occur."""

import numpy as np
import pytest

from minifcn.data.balance import class_weights, median_frequency
from minifcn.data.dataset import DataError, Sample


class Maps:
    """A data set of label maps."""

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
