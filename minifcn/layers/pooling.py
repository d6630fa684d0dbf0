"""The pooling layers."""

from __future__ import annotations

from minifcn.backend import Array
from minifcn.functional.arguments import image_shape
from minifcn.functional.pooling import (
    AvgPoolCache,
    MaxPoolCache,
    avg_pool_backward,
    avg_pool_forward,
    max_pool_backward,
    max_pool_forward,
)
from minifcn.functional.window import PoolWindow
from minifcn.layers.geometry import Footprint
from minifcn.layers.layer import Gradients, Layer, Shape


class _Pool2d(Layer):
    """What the two kinds of pooling share: the moving window.

    Parameters
    ----------
    kernel_size : int or (int, int)
    stride : int or (int, int), optional
        The kernel size if not given.
    pad : int or (int, int)
    ceil : bool
        Keep the last, incomplete window (Caffe) or drop it (the other frameworks).
    dilation, overhang : int or (int, int)
        Of a pooling whose stride, or one before it, was removed; see `PoolWindow`.
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        *,
        stride: int | tuple[int, int] | None = None,
        pad: int | tuple[int, int] = 0,
        ceil: bool = True,
        dilation: int | tuple[int, int] = 1,
        overhang: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        step = kernel_size if stride is None else stride
        self.window = PoolWindow.of(kernel_size, step, pad, ceil, dilation, overhang)

    def output_shape(self, x_shape: Shape) -> Shape:
        """Return (N, C, OH, OW)."""
        n, c, h, w = image_shape("pooling", x_shape)
        return (n, c, *self.window.output_size((h, w)))

    def footprint(self) -> Footprint:
        """Return the span, stride and pad of the window."""
        return Footprint(self.window.extent(), self.window.stride, self.window.pad)


class MaxPool2d(_Pool2d):
    """Take the largest value of each window."""

    def forward(self, x: Array) -> tuple[Array, MaxPoolCache | None]:
        """Return the (N, C, OH, OW) maxima."""
        return max_pool_forward(x, self.window)

    def infer(self, x: Array) -> Array:
        """Return the maxima without looking where they are."""
        return max_pool_forward(x, self.window, train=False)[0]

    def backward(self, dy: Array, cache: MaxPoolCache) -> Gradients:
        """Return dx: each gradient at the pixel that won."""
        return max_pool_backward(dy, cache), {}


class AvgPool2d(_Pool2d):
    """Take the mean of each window."""

    def forward(self, x: Array) -> tuple[Array, AvgPoolCache]:
        """Return the (N, C, OH, OW) means."""
        return avg_pool_forward(x, self.window)

    def backward(self, dy: Array, cache: AvgPoolCache) -> Gradients:
        """Return dx: each gradient spread evenly over its window."""
        return avg_pool_backward(dy, cache), {}
