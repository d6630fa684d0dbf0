"""The transposed convolution layer, which upsamples (section 3.3 of the paper)."""

from __future__ import annotations

from minifcn.backend import Array
from minifcn.functional.arguments import Pair
from minifcn.functional.bilinear import bilinear_weight
from minifcn.functional.conv import ConvCache
from minifcn.functional.deconv import (
    deconv2d_backward,
    deconv2d_forward,
    deconv2d_output_shape,
)
from minifcn.layers.conv import KernelLayer
from minifcn.layers.layer import Gradients, Shape, named


class Deconv2d(KernelLayer):
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

    operation, transposed = "deconvolution", True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        *,
        stride: int | Pair = 1,
        pad: int | Pair = 0,
        groups: int = 1,
        bias: bool = False,
        bilinear: bool = False,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride=stride, pad=pad, groups=groups, bias=bias
        )
        if bilinear:
            kh, kw = self.window.kernel_size
            if in_channels != out_channels or kh != kw:
                raise ValueError(
                    "bilinear upsampling needs as many output as input channels and a square "
                    f"kernel, got {in_channels} -> {out_channels} and {kh} x {kw}"
                )
            self.params["weight"] = bilinear_weight(in_channels, kh, self.groups)

    def forward(self, x: Array) -> tuple[Array, ConvCache]:
        """Return the (N, F, OH, OW) upsampled map of an (N, C, H, W) input."""
        _, stride, pad, _ = self.window
        return deconv2d_forward(
            x, *self.params.values(), stride=stride, pad=pad, groups=self.groups
        )

    def backward(self, dy: Array, cache: ConvCache, **needs: bool) -> Gradients:
        """Return dx and the gradients of the weight and the bias."""
        dx, *grads = deconv2d_backward(dy, cache, **needs)
        return dx, named(self.params, grads)

    def output_shape(self, x_shape: Shape) -> Shape:
        """Return (N, F, OH, OW) with OH = SH (H - 1) + KH - 2 PH."""
        return deconv2d_output_shape(x_shape, self.params["weight"].shape, self.window, self.groups)

    def flops(self, x_shape: Shape) -> int:
        """Return 2 * weights * input positions."""
        n, _, h, w = x_shape
        return 2 * n * h * w * self.params["weight"].size
