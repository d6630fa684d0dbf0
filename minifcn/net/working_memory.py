"""What a layer needs for a moment while it runs, beside its input and output; from shapes alone."""

from __future__ import annotations

from math import prod
from types import ModuleType
from typing import Any

import numpy as np

from minifcn.backend import get_threads
from minifcn.functional.fast import lines, strips, winograd, winograd_strips
from minifcn.functional.fast.paths import choose_path
from minifcn.functional.fast.separable import separate
from minifcn.layers import Conv2d, Deconv2d, EltwiseSum, Layer, SoftmaxLoss
from minifcn.layers.layer import Shape

ITEM = 4  # bytes of a number: nets compute in float32


def working_bytes(
    layer: Layer, x: Shape, y: Shape, xp: ModuleType = np, *, backward: bool = False
) -> int:
    """Return about how many bytes a layer takes while it runs.

    Parameters
    ----------
    layer : Layer
    x, y : tuple of int
        The shapes of its first input and of its output.
    xp : module
        The device's array module.
    backward : bool
        In the backward pass, the gradients of the parameters included.
    """
    if isinstance(layer, Conv2d):
        gradients = 2 * _parameter_bytes(layer) if backward else 0
        return _convolution(layer, x, y, xp, backward) + gradients
    if isinstance(layer, Deconv2d) and interpolates(layer):
        return ITEM * x[0] * x[1] * x[2] * y[3]
    if isinstance(layer, Deconv2d):
        return _strip(layer, y, x, xp) + get_threads() * _parameter_bytes(layer) * backward
    if isinstance(layer, SoftmaxLoss):
        return 2 * ITEM * prod(x) // x[1]  # the labels, and what is lost at each pixel
    if isinstance(layer, EltwiseSum) and layer.coefficients:
        return ITEM * prod(x)
    return _parameter_bytes(layer) if backward else 0


def buffer_bytes(
    layer: Layer, x: Shape, y: Shape, xp: ModuleType = np, *, backward: bool = False
) -> int:
    """Return about how many bytes the buffers take that Winograd's method keeps for later layers.

    Parameters are those of `working_bytes`.
    """
    if not isinstance(layer, Conv2d):
        return 0
    weight = layer.params["weight"]
    path = choose_path(x, weight, layer.window, layer.groups, gradients=backward)
    if path != "winograd":
        return 0
    return _winograd(weight[: len(weight) // layer.groups], y, xp, backward)


def interpolates(layer: Deconv2d) -> bool:
    """Return whether a deconvolution is that of `functional/fast/separable.py`."""
    return separate(layer.params["weight"], layer.groups) is not None


def _convolution(layer: Conv2d, x: Shape, y: Shape, xp: ModuleType, backward: bool) -> int:
    weight = layer.params["weight"]
    path = choose_path(x, weight, layer.window, layer.groups, gradients=backward)
    if path == "pointwise":
        return 0
    if path == "whole":
        return ITEM * prod(y[2:]) * y[0] * weight[0].size + ITEM * prod(y)
    if path == "winograd":
        return 0
    if path == "lines":
        return get_threads() * lines.STRIP_BYTES
    sums = get_threads() * weight.nbytes if backward and xp is np else 0
    return _strip(layer, x, y, xp) + sums


def _strip(layer: Conv2d | Deconv2d, x: Shape, y: Shape, xp: ModuleType) -> int:
    """Return the bytes of the strips that exist at a time: columns, products, what they see."""
    weight, stride = layer.params["weight"], layer.window.stride[0]
    row = weight[0].size * y[3] * ITEM
    share = strips.STRIP_BYTES if xp is np else strips.GPU_STRIP_BYTES
    columns = max(share, weight.nbytes // 2 // layer.groups, row)
    columns = min(columns, row * y[2])
    rows = columns // row
    seen = x[1] // layer.groups * (rows * stride + layer.window.extent()[0]) * x[3] * ITEM
    products = rows * y[3] * len(weight) // layer.groups * ITEM
    return (columns + products + seen) * (get_threads() if xp is np else 1)


def _winograd(weight: Any, y: Shape, xp: ModuleType, backward: bool) -> int:
    """Return the bytes of transformed tiles and kernels, and of their products."""
    f, c, r, _ = weight.shape
    points = winograd.GRADIENT_POINTS if backward else winograd.FORWARD_POINTS[r]
    side = len(points) + 1
    across = -(-y[3] // (side + 1 - r))
    down = -(-y[2] // (side + 1 - r))
    bound = winograd_strips.STRIP_BYTES if xp is np else winograd_strips.GPU_STRIP_BYTES
    channels = c + f if backward else c
    most = winograd.GRADIENT_STRIP_TILES if backward else winograd.STRIP_TILES
    if not backward:
        most = max(most, winograd.STRIP_VALUES // c)
    most = min(most if xp is np else bound, bound // (side**2 * channels * ITEM))
    tiles = max(across, most // across * across)
    tiles = min(tiles, across * down)
    strip = side**2 * ITEM * tiles * (f + c)
    if backward:
        return strip + side**2 * f * c * ITEM
    bank = side**2 * f * c * ITEM
    threads = get_threads() if xp is np and down * across >= 2 * get_threads() * tiles else 1
    return threads * strip + (bank if bank <= winograd.BANK_BYTES else 0)


def _parameter_bytes(layer: Layer) -> int:
    return sum(array.nbytes for array in layer.params.values())
