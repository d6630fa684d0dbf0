"""The rectified linear unit as a layer."""

from __future__ import annotations

from typing import Any

from minifcn.backend import Array
from minifcn.functional.relu import relu_backward, relu_forward
from minifcn.layers.layer import Layer


class ReLU(Layer):
    """y = max(x, 0)."""

    def forward(
        self, *bottoms: Array, train: bool = False, rng: Any = None
    ) -> tuple[Array, Array | None]:
        """Return max(x, 0)."""
        y, cache = relu_forward(bottoms[0])
        return y, cache if train else None

    def backward(
        self, dy: Array, cache: Array, *, need_dx: bool = True, need_grads: bool = True
    ) -> tuple[Array | None, dict[str, Array]]:
        """Return dx: dy where x > 0."""
        return relu_backward(dy, cache) if need_dx else None, {}
