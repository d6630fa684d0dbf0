"""The convolution layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from minifcn.backend import Array
from minifcn.functional.arguments import divide_channels, whole_number
from minifcn.functional.conv import (
    ConvCache,
    conv2d_backward,
    conv2d_forward,
    conv2d_output_shape,
)
from minifcn.functional.window import Window
from minifcn.layers.geometry import Footprint
from minifcn.layers.layer import Layer, Shape


class Conv2d(Layer):
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

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        *,
        stride: int | tuple[int, int] = 1,
        pad: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        in_channels = whole_number("convolution: in_channels", in_channels, 1)
        out_channels = whole_number("convolution: out_channels", out_channels, 1)
        self.window = Window.of("convolution", kernel_size, stride, pad, dilation)
        self.groups = divide_channels("convolution", groups, in_channels, out_channels)
        shape = (out_channels, in_channels // self.groups, *self.window.kernel_size)
        self.params["weight"] = np.zeros(shape, np.float32)
        if bias:
            self.params["bias"] = np.zeros(out_channels, np.float32)

    def forward(
        self, *bottoms: Array, train: bool = False, rng: Any = None
    ) -> tuple[Array, ConvCache | None]:
        """Return the (N, F, OH, OW) response to an (N, C, H, W) input."""
        _, stride, pad, dilation = self.window
        y, cache = conv2d_forward(
            bottoms[0],
            self.params["weight"],
            self.params.get("bias"),
            stride=stride,
            pad=pad,
            dilation=dilation,
            groups=self.groups,
        )
        return y, cache if train else None

    def backward(
        self, dy: Array, cache: ConvCache, *, need_dx: bool = True, need_grads: bool = True
    ) -> tuple[Array | None, dict[str, Array]]:
        """Return dx and the gradients of the weight and the bias."""
        dx, dweight, dbias = conv2d_backward(dy, cache, need_dx=need_dx, need_grads=need_grads)
        grads = zip(self.params, (dweight, dbias), strict=False)
        return dx, dict(grads) if need_grads else {}

    def output_shape(self, *shapes: Shape) -> Shape:
        """Return (N, F, OH, OW)."""
        weight_shape = self.params["weight"].shape
        return conv2d_output_shape(shapes[0], weight_shape, self.window, self.groups)

    def footprint(self) -> Footprint:
        """Return the span, stride and pad of the kernel."""
        return Footprint(self.window.extent(), self.window.stride, self.window.pad)

    def flops(self, *shapes: Shape) -> int:
        """Return 2 * weights * output positions."""
        n, _, oh, ow = self.output_shape(*shapes)
        return 2 * n * oh * ow * self.params["weight"].size
