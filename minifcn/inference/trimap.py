"""How right a net is near the borders between classes, and away from them.

Mean IU counts each pixel alike, and most lie inside of something; what a finer stride gains lies
along borders (Long et al. 2015, Figure 4). So figures are also taken over a band around them, whose
map of "inside, outside, in the band" is called a trimap (Kohli, Ladicky, Torr 2009).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minifcn.backend import IGNORE
from minifcn.data.dataset import Dataset
from minifcn.inference.apply import segment_all
from minifcn.inference.metrics import ConfusionMatrix
from minifcn.inference.model import Model


def border_distance(label: np.ndarray, up_to: int) -> np.ndarray:
    """Return how far each pixel is from the nearest one with another label.

    d[p] = min of max(|di|, |dj|) over all pixels p + (di, dj) with label[p + (di, dj)] != label[p]

    A pixel at a border has 1. What is not labelled, 255, is a label as any other here, as VOC and
    `shapes` mark borders by it; the edge of the image is no border.

    Parameters
    ----------
    label : ndarray (H, W), integers
    up_to : int
        What is further away, or has nothing to be away from, has `up_to` + 1.

    Returns
    -------
    ndarray (H, W), int32
    """
    low, high = _square(label, np.minimum), _square(label, np.maximum)
    reached = low != high
    distance = np.where(reached, 1, up_to + 1).astype(np.int32)
    # The nearest pixel of another label is as far as the nearest one at a border, and one more.
    for step in range(2, up_to + 1):
        grown = _square(reached, np.maximum)
        distance[grown & ~reached] = step
        reached = grown
    return distance


def band_confusions(
    model: Model, dataset: Dataset, widths: Sequence[int], limit: int = 0
) -> tuple[list[ConfusionMatrix], ConfusionMatrix]:
    """Segment a data set; count in bands around the borders, and over all pixels.

    Parameters
    ----------
    model : Model
        On the CPU.
    dataset : Dataset
        Whose samples have what the model sees.
    widths : sequence of int
        Half the width of each band in pixels, ascending: a band of 1 is the two pixels at a border.
    limit : int
        How many samples count, the first ones; 0 for all.

    Returns
    -------
    bands : list of ConfusionMatrix
        Of each width, what lies within.
    whole : ConfusionMatrix
    """
    classes = len(model.class_names)
    bands, whole = [ConfusionMatrix(classes) for _ in widths], ConfusionMatrix(classes)
    for index in range(min(limit or len(dataset), len(dataset))):
        sample = dataset[index]
        found = segment_all(model, sample.image, extras=sample.extras)[""]
        distance = border_distance(sample.label, widths[-1])
        for band, width in zip(bands, widths, strict=True):
            band.update(np.where(distance <= width, sample.label, IGNORE), found)
        whole.update(sample.label, found)
    return bands, whole


def _square(array: np.ndarray, best: np.ufunc) -> np.ndarray:
    """Return the smallest or largest value of each pixel and its eight neighbours."""
    padded = np.pad(array, 1, mode="edge")
    rows = best(best(padded[:-2], padded[1:-1]), padded[2:])
    return best(best(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:])
