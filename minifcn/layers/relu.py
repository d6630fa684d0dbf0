"""The rectified linear unit as a layer."""

from __future__ import annotations

from minifcn.backend import Array
from minifcn.functional.relu import relu_backward, relu_forward
from minifcn.layers.layer import Gradients, Layer


class ReLU(Layer):
    """y = max(x, 0)."""

    def forward(self, x: Array) -> tuple[Array, Array]:
        """Return max(x, 0)."""
        return relu_forward(x)

    def backward(self, dy: Array, cache: Array) -> Gradients:
        """Return dx: dy where x > 0."""
        return relu_backward(dy, cache), {}
