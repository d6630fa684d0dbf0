"""The mean IU of objects: the background is no part of it."""

import numpy as np
import pytest

from minifcn.experiments.masks import without_background
from minifcn.inference.metrics import ConfusionMatrix


def test_background_and_classes_that_do_not_occur_do_not_count():
    counts = np.array([[90, 0, 10, 5], [0, 30, 10, 0], [10, 0, 20, 0], [0, 0, 0, 0]])
    # Of the second class 30 of 40, of the third 20 of 50; the last is only predicted.
    figure = without_background(ConfusionMatrix.of(counts))
    assert figure == pytest.approx(100 * (30 / 40 + 20 / 50) / 2)
