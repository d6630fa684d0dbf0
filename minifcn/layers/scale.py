"""The fixed scale of the at-once FCN-8s."""

from __future__ import annotations

import numpy as np

from minifcn.backend import Array
from minifcn.layers.layer import Layer


class Scale(Layer):
    """Multiply each channel by its factor; the factors are a parameter that models freeze.

    At-once FCN-8s scales pool4 by 0.01 and pool3 by 0.0001, so that the three streams are of one
    order of magnitude and can be trained together.

    Parameters
    ----------
    channels : int
    factor : float

    Attributes
    ----------
    params : "weight" (C,)
    """

    def __init__(self, channels: int, factor: float = 1.0) -> None:
        super().__init__()
        self.params["weight"] = np.full(channels, factor, np.float32)

    def forward(self, x: Array) -> tuple[Array, tuple[Array, Array]]:
        """Return x * weight[channel]; the cache is x and the factors."""
        factor = self.params["weight"][:, None, None]
        return x * factor, (x, factor)

    def backward(
        self,
        dy: Array,
        cache: tuple[Array, Array],
        *,
        need_dx: bool = True,
        need_grads: bool = True,
    ) -> tuple[Array | None, dict[str, Array]]:
        """Return dx = dy * weight and dweight = sum over images and pixels of dy * x."""
        x, factor = cache
        dx = dy * factor if need_dx else None
        return dx, {"weight": (dy * x).sum(axis=(0, 2, 3))} if need_grads else {}
