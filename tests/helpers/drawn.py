"""Nets whose parameters are all drawn, so that nothing hides behind a zero."""

from math import sqrt
from typing import Any

import numpy as np

from minifcn.layers import Dropout
from minifcn.models import initialise
from minifcn.net import Net


def draw_all(net: Net, seed: int = 0, dtype: Any = np.float32) -> Net:
    """Initialise a net, and draw what would start at zero: the biases and the last layers.

    Without biases the zeros around the image would stay zeros: on the kink of every ReLU.
    """
    initialise(net, seed)
    rng = np.random.default_rng(seed + 1)
    for array in net.params.values():
        if not array.any():
            scale = 0.1 if array.ndim == 1 else 1 / sqrt(array[0].size)
            array[...] = scale * rng.standard_normal(array.shape)
    net.astype(dtype)
    return net


def without_dropout(net: Net) -> Net:
    """Let a net train without dropping anything, for comparisons with other programs."""
    for node in net.nodes:
        if isinstance(node.layer, Dropout):
            node.layer.ratio = 0.0
    return net


def image(*shape: int, seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def label(*shape: int, classes: int, seed: int = 6) -> np.ndarray:
    """Return labels of which about one in ten is ignored."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(shape) < 0.1, 255, rng.integers(0, classes, shape))
