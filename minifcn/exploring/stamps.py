"""A bilinear map is kept as what it differs by from the sum of its stamps, which the page knows.

Upsampling makes a map 64 times as large, of numbers that follow from few. The page adds up the
stamps that overlap at a pixel in double precision; the library does it in single, by another way,
and is off by units in the last place. These are what is kept, and add up to the library's own
number bit for bit.
"""

from __future__ import annotations

import numpy as np

from minifcn.functional.arguments import Pair
from minifcn.functional.bilinear import bilinear_weight
from minifcn.layers import Deconv2d


def is_bilinear(layer: Deconv2d) -> bool:
    """Return whether a deconvolution interpolates each channel by itself."""
    weight = layer.params["weight"]
    if layer.groups != 1 or weight.shape[0] != weight.shape[1] or "bias" in layer.params:
        return False
    kh, kw = weight.shape[2:]
    return kh == kw and bool((weight == bilinear_weight(len(weight), kh)).all())


def residual(layer: Deconv2d, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return what to add to the bits of the stamps' sum, as float32, to get a map's.

    It is int32 (C, OH, OW), for the float32 input (C, H, W) and output of a bilinear layer.
    """
    summed = stamped(layer, x, y.shape[1:]).astype(np.float32)
    return y.view(np.int32) - summed.view(np.int32)


def stamped(layer: Deconv2d, x: np.ndarray, size: Pair) -> np.ndarray:
    """Return the sum of the stamps at each pixel, float64 (C, *size), upper and left ones first.

    y[c, i, j] = sum_{a, b} weight[i + PH - a*SH, j + PW - b*SW] * x[c, a, b]
    """
    weight, window = layer.params["weight"][0, 0].astype(np.float64), layer.window
    axes = [
        _covering(*one)
        for one in zip(
            size, x.shape[1:], window.kernel_size, window.stride, window.pad, strict=True
        )
    ]
    y = np.zeros((len(x), *size))
    for rows, kernel_rows in axes[0]:
        for columns, kernel_columns in axes[1]:
            stamp = weight[kernel_rows][:, kernel_columns]
            inside = (rows >= 0)[:, None] & (columns >= 0)
            y += np.where(inside, stamp, 0) * x[:, rows][:, :, columns].astype(np.float64)
    return y


def _covering(
    size: int, inputs: int, kernel: int, stride: int, pad: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return, for the first stamp that covers each output pixel and the next ones, two arrays.

    They are the stamp's input pixel, -1 where there is none, and the kernel's pixel that falls
    there.
    """
    place = np.arange(size) + pad
    first = -(-(place - kernel + 1) // stride)
    found = []
    for later in range(-(-kernel // stride)):
        source = first + later
        there = (source >= 0) & (source < inputs) & (source * stride <= place)
        found.append((np.where(there, source, -1), np.where(there, place - source * stride, 0)))
    return found
