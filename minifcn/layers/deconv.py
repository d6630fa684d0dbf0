"""The transposed convolution layer, which upsamples (section 3.3 of the paper)."""

from __future__ import annotations

from typing import Any

import numpy as np

from minifcn.backend import Array
from minifcn.functional.arguments import divide_channels, whole_number
from minifcn.functional.bilinear import bilinear_weight
from minifcn.functional.conv import ConvCache
from minifcn.functional.deconv import (
    deconv2d_backward,
    deconv2d_forward,
    deconv2d_output_shape,
)
from minifcn.functional.window import Window
from minifcn.layers.geometry import Footprint
from minifcn.layers.layer import Layer, Shape


class Deconv2d(Layer):
    """Upsampling by backwards convolution; with a bilinear weight it interpolates.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size, stride, pad : int or (int, int)
        `pad` is cut from each side of the output.
    groups : int
    bias : bool
        Off by default, as in the paper's nets.
    bilinear : bool
        Start as bilinear interpolation of each channel by itself (needs in_channels equal to
        out_channels and a square kernel); otherwise zeros.

    Attributes
    ----------
    params : "weight" (C, F/groups, KH, KW), and "bias" (F,) if asked for
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        *,
        stride: int | tuple[int, int] = 1,
        pad: int | tuple[int, int] = 0,
        groups: int = 1,
        bias: bool = False,
        bilinear: bool = False,
    ) -> None:
        super().__init__()
        in_channels = whole_number("deconvolution: in_channels", in_channels, 1)
        out_channels = whole_number("deconvolution: out_channels", out_channels, 1)
        self.window = Window.of("deconvolution", kernel_size, stride, pad)
        self.groups = divide_channels("deconvolution", groups, in_channels, out_channels)
        kh, kw = self.window.kernel_size
        if bilinear:
            if in_channels != out_channels or kh != kw:
                raise ValueError(
                    "bilinear upsampling needs as many output as input channels and a square "
                    f"kernel, got {in_channels} -> {out_channels} and {kh} x {kw}"
                )
            self.params["weight"] = bilinear_weight(in_channels, kh, self.groups)
        else:
            self.params["weight"] = np.zeros(
                (in_channels, out_channels // self.groups, kh, kw), np.float32
            )
        if bias:
            self.params["bias"] = np.zeros(out_channels, np.float32)

    def forward(
        self, *bottoms: Array, train: bool = False, rng: Any = None
    ) -> tuple[Array, ConvCache | None]:
        """Return the (N, F, OH, OW) upsampled map of an (N, C, H, W) input."""
        y, cache = deconv2d_forward(
            bottoms[0],
            self.params["weight"],
            self.params.get("bias"),
            stride=self.window.stride,
            pad=self.window.pad,
            groups=self.groups,
        )
        return y, cache if train else None

    def backward(
        self, dy: Array, cache: ConvCache, *, need_dx: bool = True, need_grads: bool = True
    ) -> tuple[Array | None, dict[str, Array]]:
        """Return dx and the gradients of the weight and the bias."""
        dx, dweight, dbias = deconv2d_backward(dy, cache, need_dx=need_dx, need_grads=need_grads)
        grads = zip(self.params, (dweight, dbias), strict=False)
        return dx, dict(grads) if need_grads else {}

    def output_shape(self, *shapes: Shape) -> Shape:
        """Return (N, F, OH, OW) with OH = SH (H - 1) + KH - 2 PH."""
        weight_shape = self.params["weight"].shape
        return deconv2d_output_shape(shapes[0], weight_shape, self.window, self.groups)

    def footprint(self) -> Footprint:
        """Return the span, stride and pad of the kernel, read from the input's side."""
        return Footprint(self.window.extent(), self.window.stride, self.window.pad, transposed=True)

    def flops(self, *shapes: Shape) -> int:
        """Return 2 * weights * input positions."""
        n, _, h, w = shapes[0]
        return 2 * n * h * w * self.params["weight"].size
