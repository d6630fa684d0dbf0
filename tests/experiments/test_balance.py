"""What is said of how often the classes occur."""

import numpy as np

from minifcn.experiments.balance import imbalance


def test_the_most_frequent_and_the_rarest_class_that_occurs_are_named():
    confusion = np.array([[70, 5, 0], [10, 5, 10], [0, 0, 0]])
    said = imbalance(confusion, ("road", "car", "pole"))
    assert said.startswith("Of the held-out pixels 75 % are road and 25.0 % car, the rarest class")
