"""The nets and the data that the benchmarks run: random weights of every layer, a random image."""

from __future__ import annotations

from math import sqrt

import numpy as np
from common import NUM_CLASSES

from minifcn.models import ModelSpec, build, initialise
from minifcn.net import Net


def make_net(arch: str, width: float, *, biases: float = 0.1) -> Net:
    """Return an FCN on VGG16 whose score layers are not zero, so that scores can be compared.

    They are small, for scores of the size of a trained net's: softmax shall not saturate.

    Parameters
    ----------
    arch : str
    width : float
    biases : float
        Their standard deviation. With 0 it is a net as training finds it; but a net without
        biases computes less around an image (`functional/fast/zeros.py`), so it is not timed.
    """
    net = build(ModelSpec(arch, num_classes=NUM_CLASSES, width=width))
    initialise(net)
    rng = np.random.default_rng(1)
    for address, array in net.params.items():
        if address.endswith("bias"):
            array[...] = biases * rng.standard_normal(array.shape)
        elif address.startswith("score"):
            drawn = rng.standard_normal(array.shape, dtype=np.float32)
            array[...] = 0.01 * drawn / sqrt(array[0].size)
    return net


def make_batch(size: int) -> dict[str, np.ndarray]:
    """Return an image in the range of real ones after the mean is subtracted, and its labels."""
    rng = np.random.default_rng(2)
    data = rng.uniform(-120, 135, (1, 3, size, size)).astype(np.float32)
    label = rng.integers(0, NUM_CLASSES, (1, size, size), dtype=np.int32)
    label[:, ::16] = 255  # ignored, as on the outlines of VOC
    return {"data": data, "label": label}
