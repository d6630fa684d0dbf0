"""The bilinear kernel, with which every upsampling layer of an FCN starts (section 3.3)."""

from __future__ import annotations

import numpy as np

from minifcn.functional.arguments import divide_channels, whole_number


def bilinear_kernel(size: int, dtype: type = np.float32) -> np.ndarray:
    """Return the (size, size) kernel that makes a transposed convolution interpolate bilinearly.

    kernel[i, j] = (1 - |i - centre| / f) (1 - |j - centre| / f),   f = floor((size + 1) / 2)

    For an upsampling factor f the even kernel has size 2f (centre between two pixels), the odd
    one 2f - 1. In one dimension, size 4 is (1/4, 3/4, 3/4, 1/4).
    """
    factor = (whole_number("bilinear kernel: size", size, 1) + 1) // 2
    centre = factor - 1 if size % 2 else factor - 0.5
    ramp = 1 - abs(np.arange(size) - centre) / factor
    return np.outer(ramp, ramp).astype(dtype)


def bilinear_weight(channels: int, size: int, groups: int = 1) -> np.ndarray:
    """Return deconvolution weights (C, C/groups, size, size) that interpolate each channel alone.

    All kernels between different channels are zero; with `groups == channels` none are stored.
    """
    per_group = channels // divide_channels("bilinear kernel", groups, channels)
    weight = np.zeros((channels, per_group, size, size), np.float32)
    weight[np.arange(channels), np.arange(channels) % per_group] = bilinear_kernel(size)
    return weight
