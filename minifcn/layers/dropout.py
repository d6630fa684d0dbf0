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
from minifcn.layers.layer import Layer


class Dropout(Layer):
    """Drop elements at random while training; do nothing otherwise.

    Parameters
    ----------
    ratio : float in [0, 1)
        The share of elements that is dropped.
    """

    def __init__(self, ratio: float = 0.5) -> None:
        super().__init__()
        check_ratio(ratio)
        self.ratio = ratio

    def forward(
        self, *bottoms: Array, train: bool = False, rng: Any = None
    ) -> tuple[Array, DropoutCache | None]:
        """Return x with some elements dropped, or x itself when not training."""
        if not train:
            return bottoms[0], None
        if rng is None:
            raise ValueError("dropout needs a random generator to train: pass rng=")
        return dropout_forward(bottoms[0], ratio=self.ratio, rng=rng)

    def backward(
        self, dy: Array, cache: DropoutCache, *, need_dx: bool = True, need_grads: bool = True
    ) -> tuple[Array | None, dict[str, Array]]:
        """Return dx: dy at the elements that were kept, scaled alike."""
        return dropout_backward(dy, cache) if need_dx else None, {}
