"""Weights of classes in the loss, by how often they occur.

The paper trains with equal weights although three quarters of VOC's pixels are background, having
found balancing unnecessary (section 4.3, "Class balancing"). Where thin and rare classes count as
much as roads in the mean IU, they get more of the gradient so.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minifcn.data.dataset import DataError, Dataset
from minifcn.data.statistics import MAIN_HEAD, looks

# The power of the weights of `median_frequency`, by the name of the choice.
POWERS = {"equal": 0.0, "sqrt": 0.5, "balanced": 1.0}
CLASS_WEIGHTS = tuple(POWERS)


def median_frequency(counts: Sequence[np.ndarray]) -> np.ndarray:
    """Return median frequency balancing's weight of each class.

    weight[c] = median of the frequencies / frequency[c]

    frequency[c] is the share of class c among the labelled pixels of the images in which it occurs.
    A class that occurs nowhere has the weight 1 and is not in the median.

    Parameters
    ----------
    counts : sequence of int arrays (C,)
        The pixels of each class in each image.

    Returns
    -------
    weight : array (C,), float64

    Source
    ------
    Eigen and Fergus 2015, section 6.3.2; SegNet (Badrinarayanan et al. 2017) trains so on CamVid.
    """
    table = np.array(counts, np.float64)  # (images, C)
    pixels = table.sum(axis=0)
    beside = (table.sum(axis=1, keepdims=True) * (table > 0)).sum(axis=0)
    occurs = pixels > 0
    frequency = pixels[occurs] / beside[occurs]
    weight = np.ones(table.shape[1])
    weight[occurs] = np.median(frequency) / frequency
    return weight


def class_weights(choice: str, dataset: Dataset, threads: int) -> list[float] | None:
    """Return the weights of the classes of a data set's main label maps; None for equal ones.

    Parameters
    ----------
    choice : "equal", "sqrt" or "balanced"
    dataset : Dataset
        Each of its samples is read once.
    threads : int
        That read.

    Raises
    ------
    DataError
        If a sample cannot be used.
    """
    if choice == "equal":
        return None
    counts = []
    for sample in looks(dataset, range(len(dataset)), threads):
        if sample.problem:
            raise DataError(sample.problem)
        counts.append(sample.counts[MAIN_HEAD][: len(dataset.class_names)])
    return (median_frequency(counts) ** POWERS[choice]).tolist()
