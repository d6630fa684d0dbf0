"""The inner product layer: a classifier's fc6, fc7 and fc8."""

from __future__ import annotations

import numpy as np

from minifcn.backend import Array
from minifcn.functional.arguments import whole_number
from minifcn.functional.linear import (
    LinearCache,
    linear_backward,
    linear_forward,
    linear_output_shape,
)
from minifcn.layers.layer import Gradients, Layer, Shape, named


class Linear(Layer):
    """Every output sees every input; made a convolution, it slides (section 3.1 of the paper).

    Parameters
    ----------
    in_features, out_features : int
        For an input (N, C, H, W), `in_features` is C*H*W, flattened in that order.

    Attributes
    ----------
    params : "weight" (F, D) and "bias" (F,), zeros until initialised or loaded
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        in_features = whole_number("inner product: in_features", in_features, 1)
        out_features = whole_number("inner product: out_features", out_features, 1)
        self.params["weight"] = np.zeros((out_features, in_features), np.float32)
        self.params["bias"] = np.zeros(out_features, np.float32)

    def forward(self, x: Array) -> tuple[Array, LinearCache]:
        """Return the (N, F) products."""
        return linear_forward(x, *self.params.values())

    def backward(self, dy: Array, cache: LinearCache, **needs: bool) -> Gradients:
        """Return dx and the gradients of the weight and the bias."""
        dx, *grads = linear_backward(dy, cache, **needs)
        return dx, named(self.params, grads)

    def output_shape(self, x_shape: Shape) -> Shape:
        """Return (N, F)."""
        return linear_output_shape(x_shape, self.params["weight"].shape)

    def footprint(self) -> None:
        """Return None: the output has no positions left."""
        return None

    def flops(self, x_shape: Shape) -> int:
        """Return 2 * weights for each image."""
        return 2 * x_shape[0] * self.params["weight"].size
