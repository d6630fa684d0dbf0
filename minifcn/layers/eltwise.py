"""Layers that join blobs: the sum that fuses skips, and concatenation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minifcn.backend import Array, array_module
from minifcn.functional.arguments import require_floats
from minifcn.layers.layer import Layer, Shape


class EltwiseSum(Layer):
    """Add blobs of one shape, each times a coefficient; the fusion of FCN-16s and FCN-8s.

    The paper also tried the maximum and found it hard to learn, because the gradient switches.

    Parameters
    ----------
    coefficients : sequence of float, optional
        One for each input; all 1 if not given. The reference's late fusion uses (0.5, 0.5).
    """

    def __init__(self, coefficients: Sequence[float] | None = None) -> None:
        super().__init__()
        self.coefficients = None if coefficients is None else tuple(coefficients)

    def forward(
        self, *bottoms: Array, train: bool = False, rng: Any = None
    ) -> tuple[Array, int | None]:
        """Return the sum; the cache is the number of inputs."""
        self.output_shape(*(bottom.shape for bottom in bottoms))
        require_floats("sum", *bottoms)
        coefficients = self.coefficients or (1.0,) * len(bottoms)
        terms = [
            bottom if factor == 1 else bottom * bottom.dtype.type(factor)
            for bottom, factor in zip(bottoms, coefficients, strict=True)
        ]
        total = terms[0] + terms[1]
        for term in terms[2:]:
            total += term
        return total, len(bottoms) if train else None

    def backward(
        self, dy: Array, cache: int, *, need_dx: bool = True, need_grads: bool = True
    ) -> tuple[tuple[Array, ...], dict[str, Array]]:
        """Return dy, times each input's coefficient."""
        coefficients = self.coefficients or (1.0,) * cache
        return tuple(dy if k == 1 else dy * dy.dtype.type(k) for k in coefficients), {}

    def output_shape(self, *shapes: Shape) -> Shape:
        """Return the common shape, or raise ValueError if they differ."""
        if len(shapes) < 2 or any(shape != shapes[0] for shape in shapes):
            raise ValueError(f"sum: needs at least two inputs of one shape, got {list(shapes)}")
        if self.coefficients is not None and len(self.coefficients) != len(shapes):
            raise ValueError(
                f"sum: {len(self.coefficients)} coefficients do not fit {len(shapes)} inputs"
            )
        return shapes[0]


class Concat(Layer):
    """Put blobs behind each other along the channels (the end of an inception module)."""

    def forward(
        self, *bottoms: Array, train: bool = False, rng: Any = None
    ) -> tuple[Array, tuple[int, ...] | None]:
        """Return the (N, C1 + C2 + ..., H, W) blob; the cache holds the channel counts."""
        self.output_shape(*(bottom.shape for bottom in bottoms))
        y = array_module(*bottoms).concatenate(bottoms, axis=1)
        return y, tuple(bottom.shape[1] for bottom in bottoms) if train else None

    def backward(
        self, dy: Array, cache: tuple[int, ...], *, need_dx: bool = True, need_grads: bool = True
    ) -> tuple[tuple[Array, ...], dict[str, Array]]:
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
