"""Layers that join blobs: the sum and the maximum that fuse skips, and concatenation.

`functional/naive/joining.py` says them in loops, and derives their gradients.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.functional.arguments import require_floats
from minifcn.layers.layer import Gradients, Layer, Shape


class EltwiseSum(Layer):
    """Add blobs of one shape, each times a coefficient; the fusion of FCN-16s and FCN-8s.

    Parameters
    ----------
    coefficients : sequence of float, optional
        One for each input; all 1 if not given. The reference's late fusion uses (0.5, 0.5).
    """

    def __init__(self, coefficients: Sequence[float] | None = None) -> None:
        super().__init__()
        self.coefficients = None if coefficients is None else tuple(coefficients)

    def forward(self, *bottoms: Array) -> tuple[Array, tuple[float, ...]]:
        """Return the sum; the cache is the coefficients."""
        self.output_shape(*(bottom.shape for bottom in bottoms))
        require_floats("sum", *bottoms)
        coefficients = self.coefficients or (1.0,) * len(bottoms)
        first, second, *others = map(_times, bottoms, coefficients)
        total = first + second
        for term in others:
            total += term
        return total, coefficients

    def backward(self, dy: Array, cache: tuple[float, ...]) -> Gradients:
        """Return dy, times each input's coefficient."""
        return tuple(_times(dy, coefficient) for coefficient in cache), {}

    def output_shape(self, *shapes: Shape) -> Shape:
        """Return the common shape, or raise ValueError if they differ."""
        if len(shapes) < 2 or any(shape != shapes[0] for shape in shapes):
            raise ValueError(f"sum: needs at least two inputs of one shape, got {list(shapes)}")
        if self.coefficients is not None and len(self.coefficients) != len(shapes):
            raise ValueError(
                f"sum: {len(self.coefficients)} coefficients do not fit {len(shapes)} inputs"
            )
        return shapes[0]


class EltwiseMax(Layer):
    """Take the largest of blobs of one shape; the fusion that the paper tried and did not take.

    It found max fusion to make learning difficult, for the gradient switches (section 4.2).
    """

    def forward(self, *bottoms: Array) -> tuple[Array, tuple[int, Array]]:
        """Return the maximum; the cache is the number of inputs and which of them is the largest.

        Of equals that is the first. What is no number stays none.
        """
        self.output_shape(*(bottom.shape for bottom in bottoms))
        require_floats("max", *bottoms)
        xp = array_module(*bottoms)
        largest, winner = bottoms[0], xp.zeros(bottoms[0].shape, np.uint8)
        for number, x in enumerate(bottoms[1:], 1):
            winner[x > largest] = number
            largest = xp.maximum(largest, x)
        return largest, (len(bottoms), winner)

    def backward(self, dy: Array, cache: tuple[int, Array]) -> Gradients:
        """Return dy where an input was the largest, and zeros elsewhere."""
        count, winner = cache
        return tuple(dy * (winner == number) for number in range(count)), {}

    def output_shape(self, *shapes: Shape) -> Shape:
        """Return the common shape, or raise ValueError if they differ."""
        if not 2 <= len(shapes) <= 255 or any(shape != shapes[0] for shape in shapes):
            raise ValueError(f"max: needs at least two inputs of one shape, got {list(shapes)}")
        return shapes[0]


def _times(x: Array, coefficient: float) -> Array:
    return x if coefficient == 1 else x * x.dtype.type(coefficient)


class Concat(Layer):
    """Put blobs behind each other along the channels (the end of an inception module)."""

    def forward(self, *bottoms: Array) -> tuple[Array, tuple[int, ...]]:
        """Return the (N, C1 + C2 + ..., H, W) blob; the cache holds the channel counts."""
        self.output_shape(*(bottom.shape for bottom in bottoms))
        y = array_module(*bottoms).concatenate(bottoms, axis=1)
        return y, tuple(bottom.shape[1] for bottom in bottoms)

    def backward(self, dy: Array, cache: tuple[int, ...]) -> Gradients:
        """Return the channels of dy that belong to each input."""
        parts, start = [], 0
        for channels in cache:
            parts.append(dy[:, start : start + channels])
            start += channels
        return tuple(parts), {}

    def output_shape(self, *shapes: Shape) -> Shape:
        """Return the shape with the channels added up."""
        others = {(shape[:1], shape[2:]) for shape in shapes}
        if len(others) != 1 or min(map(len, shapes)) < 2:
            raise ValueError(f"concat: batch and image sizes must agree, got {list(shapes)}")
        return (*shapes[0][:1], sum(shape[1] for shape in shapes), *shapes[0][2:])
