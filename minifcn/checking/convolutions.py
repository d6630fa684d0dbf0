"""Convolutions and deconvolutions to be checked by every path of `functional/fast/paths.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np

from minifcn.checking.case import Arrays, Backward, Case, Run, Way, drawn, plain, through
from minifcn.functional import naive
from minifcn.functional.arguments import Pair
from minifcn.functional.bilinear import bilinear_kernel
from minifcn.functional.conv import conv2d_forward
from minifcn.functional.fast.paths import (
    PATHS,
    deconv_ruled_out,
    path_forced,
    ruled_out,
)
from minifcn.layers import Conv2d, Deconv2d
from minifcn.net.gradcheck import computed_by

AXES = {
    "x": ("image", "channel", "row", "column"),
    "y": ("image", "channel", "row", "column"),
    "weight": ("filter", "channel", "kernel row", "kernel column"),
}


def conv(
    *,
    images: int = 2,
    channels: int = 3,
    size: Pair = (7, 6),
    filters: int = 4,
    kernel: Pair = (3, 3),
    stride: Pair = (1, 1),
    pad: Pair = (1, 1),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Case:
    """Return a convolution, alone and with the ReLU and the pooling that a net runs along."""
    layer = Conv2d(
        channels, filters, kernel, stride=stride, pad=pad, dilation=dilation, groups=groups
    )
    x_shape, weight = (images, channels, *size), layer.params["weight"]
    y_shape = layer.output_shape(x_shape)
    given = (x_shape, weight, layer.window, groups)
    why_not = ruled_out(*given)

    def fused(arrays: Arrays) -> Arrays:
        given = arrays["x"], arrays["weight"], arrays["bias"]
        rectified, _ = conv2d_forward(*given, **layer.options, relu=True)
        pooled, _ = conv2d_forward(*given, **layer.options, relu=True, pool=True)
        return {"y with ReLU": rectified, "y with ReLU and pooling": pooled}

    def fused_loops(arrays: Arrays) -> Arrays:
        rectified = naive.relu(naive.conv2d(*arrays.values(), **layer.options))
        pooled = naive.max_pool(rectified, (2, 2), (2, 2))
        return {"y with ReLU": rectified, "y with ReLU and pooling": pooled}

    loops = plain(naive.conv2d, naive.conv2d_backward, ("x", "weight"), **layer.options)
    ways = [loops._replace(also=fused_loops)]
    for path in PATHS:
        run, also = by(path, through(layer, "x")), by(path, fused)
        ways.append(Way(path, run, also, why_not.get(path, "")))
    return Case(
        drawn(x=x_shape, weight=weight.shape, bias=(filters,)),
        ways,
        layer.flops(x_shape) // 2,
        computed_by(layer, x_shape),
        AXES,
        _sizes(x_shape, y_shape, layer),
    )


def deconv(
    *,
    images: int = 2,
    channels: int = 3,
    size: Pair = (3, 4),
    filters: int = 2,
    kernel: Pair = (4, 4),
    stride: Pair = (2, 2),
    pad: Pair = (1, 1),
    groups: int = 1,
) -> Case:
    """Return a deconvolution with a bias."""
    layer = Deconv2d(channels, filters, kernel, stride=stride, pad=pad, groups=groups, bias=True)
    x_shape = (images, channels, *size)
    options = {"stride": layer.window.stride, "pad": layer.window.pad, "groups": groups}
    loops = plain(naive.deconv2d, naive.deconv2d_backward, ("x", "weight"), **options)
    return Case(
        drawn(x=x_shape, weight=layer.params["weight"].shape, bias=(filters,)),
        [loops, *_deconv_ways(layer, through(layer, "x"))],
        layer.flops(x_shape) // 2,
        computed_by(layer, x_shape),
        AXES,
        _sizes(x_shape, layer.output_shape(x_shape), layer),
    )


def upsampling(
    *,
    images: int = 2,
    channels: int = 3,
    size: Pair = (3, 4),
    factor: int = 2,
    odd: bool = False,
    pad: int = 1,
    groups: int = 1,
) -> Case:
    """Return a deconvolution that keeps the bilinear weights, as those of the paper's nets do."""
    x_shape = (images, channels, *size)
    kernel = 2 * factor - 1 if odd else 2 * factor
    layer = Deconv2d(
        channels, channels, kernel, stride=factor, pad=pad, groups=groups, bilinear=True
    )
    own = layer.params["weight"]  # in float32
    exact = bilinear_kernel(kernel, np.float64)
    weight = {"float32": own, "float64": np.where(own != 0, exact, 0.0)}

    def bilinear(arrays: Arrays) -> tuple[Arrays, Backward]:
        run = through(layer, "x")
        outputs, backward = run({**arrays, "weight": weight[arrays["x"].dtype.name]})
        assert backward is not None
        return outputs, lambda dy: {"x": backward(dy)["x"]}

    loops = plain(
        lambda x: naive.bilinear_upsampling(x, factor, odd=odd, pad=pad),
        lambda dy: naive.bilinear_upsampling_backward(dy, x_shape, factor, odd=odd, pad=pad),
        takes=(),
    )
    return Case(
        drawn(x=x_shape),
        [loops, *_deconv_ways(layer, bilinear)],
        prod(layer.output_shape(x_shape)) * prod(size),
        computed_by(layer, x_shape),
        AXES,
        {"the factor": factor, "its square": factor**2},
    )


def _deconv_ways(layer: Deconv2d, run: Run) -> Iterator[Way]:
    why_not = deconv_ruled_out(layer.window, layer.groups)
    for path in PATHS:
        yield Way(path, by(path, run), ruled_out=why_not.get(path, ""))


def by(path: str, function: Callable[[Arrays], Any]) -> Callable[[Arrays], Any]:
    """Return a function that computes its convolutions by a path, and so its backward pass."""

    def run(arrays: Arrays) -> Any:
        with path_forced(path):
            result = function(arrays)
        if not isinstance(result, tuple):
            return result
        outputs, back = result

        def backward(dy: Any) -> Arrays:
            with path_forced(path):
                return back(dy)

        return outputs, backward

    return run


def _sizes(
    x_shape: tuple[int, ...], y_shape: tuple[int, ...], layer: Conv2d | Deconv2d
) -> dict[str, float]:
    positions = prod(y_shape[2:])
    return {
        "the number of images": x_shape[0],
        "the positions of an output": positions,
        "the positions of all images": x_shape[0] * positions,
        "the area of the kernel": prod(layer.window.kernel_size),
        "the number of channels": x_shape[1],
        "the number of filters": y_shape[1],
    }
