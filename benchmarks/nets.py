"""The nets and the data that the benchmarks run: random weights of every layer, a random image."""

from __future__ import annotations

from math import sqrt

import numpy as np
from common import NUM_CLASSES

from minifcn.models import ModelSpec, build, initialise
from minifcn.net import Net


def make_net(arch: str, width: float, *, normalization: str = "valid") -> Net:
    """Return an FCN on VGG16 whose score layers are not zero, so that scores can be compared.

    They are small, for scores of the size of a trained net's: softmax shall not saturate.
    """
    spec = ModelSpec(arch, num_classes=NUM_CLASSES, width=width)
    net = build(spec, normalization=normalization)
    initialise(net)
    rng = np.random.default_rng(1)
    for address, array in net.params.items():
        if address.endswith("bias"):
            # Without biases the zeros around the image stay zeros, on the kink of every ReLU,
            # where a rounding error decides about the gradient.
            array[...] = 0.1 * rng.standard_normal(array.shape)
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
