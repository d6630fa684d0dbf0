"""How frameworks lay out the same numbers, and how each layout becomes ours.

Ours is Caffe's: a convolution is (filters, channels, height, width) and slides without being
turned over; an inner product is (outputs, inputs), its inputs in the order channel, row, column; a
deconvolution is (channels in, channels out, height, width). Images come in as blue, green, red.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def from_channels_last(weight: np.ndarray) -> np.ndarray:
    """Return a TensorFlow kernel (height, width, channels, filters) as ours, as a view."""
    return weight.transpose(3, 2, 0, 1)


def linear_from_channels_last(weight: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return an inner product behind a map that was flattened row by row, channels last.

    The weight (height * width * C, outputs) becomes (outputs, C, height, width), a view. The map is
    7 x 7 for VGG16's fc6, 1 x 1 behind another inner product.
    """
    return from_channels_last(weight.reshape(height, width, -1, weight.shape[1]))


def unflipped(weight: np.ndarray) -> np.ndarray:
    """Return kernels that are turned over while they slide, as Theano's, turned by 180 degrees."""
    return weight[:, :, ::-1, ::-1]


def without_leading_ones(array: np.ndarray, axes: int) -> np.ndarray:
    """Return an array of at most so many axes: old Caffe files store (1, 1, 1, N) for (N,)."""
    while array.ndim > axes and array.shape[0] == 1:
        array = array[0]
    return array


def reversed_channels(weight: np.ndarray) -> np.ndarray:
    """Return the first convolution of a net that takes RGB for one that takes BGR."""
    return weight[:, ::-1]


def scaled_input(weight: np.ndarray, scale: Sequence[float]) -> np.ndarray:
    """Return the first convolution for inputs that are not multiplied by a scale any more.

    With the mean subtracted from both, w * (scale * x) = (scale * w) * x at every pixel, and the
    zeros of the padding stay zeros: nothing changes at the borders. (A mean cannot be moved so.)
    The scale has a number for each channel of the weight (F, C, KH, KW).
    """
    return weight * np.asarray(scale, weight.dtype)[:, None, None]


def folded_batch_norm(
    weight: np.ndarray, statistics: Sequence[np.ndarray], epsilon: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return weight and bias of the convolution that does what it and its normalisation did.

    y = gamma * (w x - mean) / sqrt(variance + epsilon) + beta

    Parameters
    ----------
    weight : array (F, C, KH, KW)
        Of a convolution without bias.
    statistics : four arrays (F,)
        gamma, beta, mean and variance; the last two as running statistics, as at inference.
    epsilon : float

    Returns
    -------
    weight (F, C, KH, KW), bias (F,), computed in float64, in the dtype of `weight`
    """
    gamma, beta, mean, variance = statistics
    factor = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + epsilon)
    bias = beta - mean * factor
    folded = weight * factor[:, None, None, None]
    return folded.astype(weight.dtype), bias.astype(weight.dtype)
