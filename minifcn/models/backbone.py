"""What an FCN needs to know of the classifier that it is built on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from minifcn.layers import Layer

NodeList = list[tuple[str, Layer, str | Sequence[str]]]


class Tap(NamedTuple):
    """A blob that scores are predicted from."""

    blob: str
    channels: int


class Backbone(NamedTuple):
    """A classifier made fully convolutional, up to where its scores would be.

    Attributes
    ----------
    nodes : list of (name, layer, bottoms)
    top : Tap
        The coarsest features, at stride 32.
    skips : dict from stride to Tap
        Finer features for the skips: VGG16's pool4 at stride 16 and pool3 at stride 8.
    bias_multiplier : (float, float)
        Rate and decay multiplier of the biases.
    """

    nodes: NodeList
    top: Tap
    skips: dict[int, Tap]
    bias_multiplier: tuple[float, float] = (2.0, 0.0)


def scaled(channels: int, width: float) -> int:
    """Return a channel count times the width multiplier, at least 1."""
    return max(1, round(channels * width))
