"""Using a net: from an image to its label map, and over a data set to the paper's figures."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

import numpy as np

from minifcn.backend import Array, to_device, to_host
from minifcn.data.dataset import Dataset
from minifcn.data.transforms import Preprocess
from minifcn.metrics import ConfusionMatrix
from minifcn.net import Net


def segment(net: Net, image: np.ndarray, preprocess: Preprocess, xp: ModuleType = np) -> Array:
    """Return the class of each pixel of an image, on the device of `xp`.

    Parameters
    ----------
    net : Net
        With a blob `score`.
    image : uint8 array (H, W, 3), RGB
        Of any size; the net sees it whole and unscaled.
    preprocess : Preprocess
        That of the net's weights.
    xp : module

    Returns
    -------
    int array (H, W); the lowest class wins a tie
    """
    data = to_device(preprocess(image)[None], xp)
    outputs, _ = net.forward({"data": data}, outputs=["score"])
    return outputs["score"][0].argmax(axis=0)


def evaluate(
    net: Net,
    dataset: Dataset,
    preprocess: Preprocess,
    *,
    xp: ModuleType = np,
    indices: Iterable[int] | None = None,
) -> ConfusionMatrix:
    """Segment a data set, image by image, and count.

    Parameters
    ----------
    net, preprocess, xp
        As for `segment`.
    dataset : Dataset
    indices : iterable of int, optional
        The samples to use; all of them if not given. (A progress bar may be wrapped around it.)

    Returns
    -------
    ConfusionMatrix
    """
    confusion = ConfusionMatrix(len(dataset.class_names))
    for index in range(len(dataset)) if indices is None else indices:
        sample = dataset[index]
        confusion.update(sample.label, to_host(segment(net, sample.image, preprocess, xp)))
    return confusion


def predicts_one_class(confusion: ConfusionMatrix) -> bool:
    """Return whether all pixels were given one class: the mark of a net that has not learned."""
    return int((confusion.counts.sum(axis=0) > 0).sum()) == 1
