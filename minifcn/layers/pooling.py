"""The pooling layers."""

from __future__ import annotations

from typing import Any

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
from minifcn.layers.layer import Layer, Shape


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
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        *,
        stride: int | tuple[int, int] | None = None,
        pad: int | tuple[int, int] = 0,
        ceil: bool = True,
    ) -> None:
        super().__init__()
        step = kernel_size if stride is None else stride
        self.window = PoolWindow.of(kernel_size, step, pad, ceil)

    def output_shape(self, *shapes: Shape) -> Shape:
        """Return (N, C, OH, OW)."""
        n, c, h, w = image_shape("pooling", shapes[0])
        return (n, c, *self.window.output_size((h, w)))

    def footprint(self) -> Footprint:
        """Return the size, stride and pad of the window."""
        return Footprint(self.window.kernel_size, self.window.stride, self.window.pad)


class MaxPool2d(_Pool2d):
    """Take the largest value of each window."""

    def forward(
        self, *bottoms: Array, train: bool = False, rng: Any = None
    ) -> tuple[Array, MaxPoolCache | None]:
        """Return the (N, C, OH, OW) maxima."""
        return max_pool_forward(bottoms[0], self.window, train=train)

    def backward(
        self, dy: Array, cache: MaxPoolCache, *, need_dx: bool = True, need_grads: bool = True
    ) -> tuple[Array | None, dict[str, Array]]:
        """Return dx: each gradient at the pixel that won."""
        return max_pool_backward(dy, cache) if need_dx else None, {}


class AvgPool2d(_Pool2d):
    """Take the mean of each window."""

    def forward(
        self, *bottoms: Array, train: bool = False, rng: Any = None
    ) -> tuple[Array, AvgPoolCache | None]:
        """Return the (N, C, OH, OW) means."""
        y, cache = avg_pool_forward(bottoms[0], self.window)
        return y, cache if train else None

    def backward(
        self, dy: Array, cache: AvgPoolCache, *, need_dx: bool = True, need_grads: bool = True
    ) -> tuple[Array | None, dict[str, Array]]:
        """Return dx: each gradient spread evenly over its window."""
        return avg_pool_backward(dy, cache) if need_dx else None, {}
