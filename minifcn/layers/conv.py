"""The convolution layer, and what it has in common with its transpose."""

from __future__ import annotations

from typing import Any

import numpy as np

from minifcn.backend import Array
from minifcn.functional.arguments import Pair, divide_channels, whole_number
from minifcn.functional.conv import (
    ConvCache,
    conv2d_backward,
    conv2d_forward,
    conv2d_output_shape,
)
from minifcn.functional.window import Window
from minifcn.layers.geometry import Footprint
from minifcn.layers.layer import Gradients, Layer, Shape, named


class KernelLayer(Layer):
    """Kernels that move over an image: what `Conv2d` and `Deconv2d` share.

    The arguments are those of `Conv2d`. A transpose has the weight of the convolution that goes the
    other way, from its output to its input.
    """

    operation = "convolution"  # in messages
    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        *,
        stride: int | Pair = 1,
        pad: int | Pair = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        in_channels = whole_number(f"{self.operation}: in_channels", in_channels, 1)
        out_channels = whole_number(f"{self.operation}: out_channels", out_channels, 1)
        self.window = Window.of(self.operation, kernel_size, stride, pad, dilation)
        self.groups = divide_channels(self.operation, groups, in_channels, out_channels)
        maps = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        shape = (maps[0], maps[1] // self.groups, *self.window.kernel_size)
        self.params["weight"] = np.zeros(shape, np.float32)
        if bias:
            self.params["bias"] = np.zeros(out_channels, np.float32)

    def footprint(self) -> Footprint:
        """Return the span, stride and pad of the kernel."""
        window = self.window
        return Footprint(window.extent(), window.stride, window.pad, self.transposed)


class Conv2d(KernelLayer):
    """A bank of learned filters slid over the image; see `functional/im2col.py` for how.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int or (int, int)
    stride, pad, dilation : int or (int, int)
        Vertical and horizontal, in pixels.
    groups : int
    bias : bool

    Attributes
    ----------
    params : "weight" (F, C/groups, KH, KW) and "bias" (F,), zeros until initialised or loaded
    """

    @property
    def options(self) -> dict[str, Any]:
        """How `conv2d_forward` is to convolve."""
        _, stride, pad, dilation = self.window
        return {"stride": stride, "pad": pad, "dilation": dilation, "groups": self.groups}

    def forward(self, x: Array) -> tuple[Array, ConvCache]:
        """Return the (N, F, OH, OW) response to an (N, C, H, W) input."""
        return conv2d_forward(x, *self.params.values(), **self.options)

    def backward(self, dy: Array, cache: ConvCache, **needs: bool) -> Gradients:
        """Return dx and the gradients of the weight and the bias."""
        dx, *grads = conv2d_backward(dy, cache, **needs)
        return dx, named(self.params, grads)

    def output_shape(self, x_shape: Shape) -> Shape:
        """Return (N, F, OH, OW)."""
        return conv2d_output_shape(x_shape, self.params["weight"].shape, self.window, self.groups)

    def flops(self, x_shape: Shape) -> int:
        """Return 2 * weights * output positions."""
        n, _, oh, ow = self.output_shape(x_shape)
        return 2 * n * oh * ow * self.params["weight"].size
