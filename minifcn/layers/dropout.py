"""Dropout as a layer."""

from __future__ import annotations

from typing import Any

from minifcn.backend import Array
from minifcn.functional.dropout import (
    DropoutCache,
    check_ratio,
    dropout_backward,
    dropout_forward,
)
from minifcn.layers.layer import Gradients, Layer


class Dropout(Layer):
    """Drop elements at random while training; do nothing otherwise.

    Parameters
    ----------
    ratio : float in [0, 1)
        The share of elements that is dropped.
    """

    draws = True

    def __init__(self, ratio: float = 0.5) -> None:
        super().__init__()
        check_ratio(ratio)
        self.ratio = ratio

    def forward(self, x: Array, *, rng: Any = None) -> tuple[Array, DropoutCache]:
        """Return x with some elements dropped; `rng` is NumPy's generator, or CuPy's on a GPU."""
        if rng is None:
            raise ValueError("dropout needs a random generator to train: pass rng=")
        return dropout_forward(x, ratio=self.ratio, rng=rng)

    def infer(self, x: Array) -> Array:
        """Return x itself."""
        return x

    def backward(self, dy: Array, cache: DropoutCache) -> Gradients:
        """Return dx: dy at the elements that were kept, scaled alike."""
        return dropout_backward(dy, cache), {}
