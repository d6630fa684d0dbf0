"""The fixed scale of the at-once FCN-8s; `functional/naive/joining.py` says it in loops."""

from __future__ import annotations

import numpy as np

from minifcn.backend import Array
from minifcn.functional.arguments import require_floats, whole_number
from minifcn.layers.layer import Gradients, Layer, Shape


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
        channels = whole_number("scale: channels", channels, 1)
        self.params["weight"] = np.full(channels, factor, np.float32)

    def forward(self, x: Array) -> tuple[Array, tuple[Array, Array]]:
        """Return x * weight[channel]."""
        require_floats("scale", x, self.params["weight"])
        self.output_shape(x.shape)
        factor = self.params["weight"][:, None, None]
        return x * factor, (x, factor)

    def backward(
        self, dy: Array, cache: tuple[Array, Array], need_dx: bool = True, need_grads: bool = True
    ) -> Gradients:
        """Return dx = dy * weight and dweight = sum over images and pixels of dy * x."""
        x, factor = cache
        dx = dy * factor if need_dx else None
        return dx, {"weight": (dy * x).sum(axis=(0, 2, 3))} if need_grads else {}

    def output_shape(self, x_shape: Shape) -> Shape:
        """Return the shape as it is, or raise ValueError if it has other channels."""
        channels = len(self.params["weight"])
        if len(x_shape) != 4 or x_shape[1] != channels:
            raise ValueError(
                f"scale: expected images of {channels} channels, got the shape {x_shape}"
            )
        return x_shape
