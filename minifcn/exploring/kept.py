"""How much of a net a page can hold: which maps, which kernels.

A small net is kept whole. Of a larger one the brightest maps of each layer are, as many as fit:
what a product of two of them is can then be shown, and what all others add is what is missing from
the sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from minifcn.exploring.stages import DERIVED, Stage, ancestors
from minifcn.exploring.values import Arrays
from minifcn.layers import Concat

VALUES = 800_000  # of an image, at most
EXACT = 600_000  # of all images together, zeros aside, that are kept to the last bit, at most
KERNELS = 36_864  # weights of a layer, at most: those of 64 x 64 kernels of 3 x 3
STEPS = (512, 256, 128, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1)
# Which keep the maps of what they read, channel for channel.
FOLLOWING = ("maxpool", "avgpool", "crop", "relu", "dropout", "scale", "lrn")


class Kept(NamedTuple):
    """What is kept of each stage."""

    maps: dict[str, list[int]]  # its channels, ascending
    order: list[dict[str, list[int]]]  # of each image: the same, brightest first
    ranking: dict[str, list[int]]  # of all pictures together: the same, brightest first
    # Of convolutions: the output and input channels of the kernels.
    rows: dict[str, list[int]]
    columns: dict[str, list[int]]
    whole: set[str]  # the stages of scores, which are kept to the last bit in any case

    def first(self, count: int) -> dict[str, list[int]]:
        """Return the brightest maps of each stage, of all pictures together."""
        return {name: ranking[:count] for name, ranking in self.ranking.items()}

    def exact(self, stages: Mapping[str, Stage], values: Sequence[Arrays]) -> int:
        """Return of how many pictures all values can be kept to the last bit: the first at least.

        Zeros cost next to nothing, and behind a ReLU most values are.
        """
        counts = [
            sum(
                int(np.count_nonzero(one[name][self.maps[name]]))
                for name, stage in stages.items()
                if stage.kind not in DERIVED and stage.nodes and name not in self.whole
            )
            for one in values
        ]
        return max(1, int((np.cumsum(counts) <= EXACT).sum()))


def choose(
    stages: Mapping[str, Stage], values: Sequence[Arrays], whole: set[str], limit: int
) -> Kept:
    """Return what to keep of the values (C, H, W) of some images.

    Of the stages in `whole`, which are the scores, all maps are kept, of the others at most
    `limit` values of an image.
    """
    brightness = [{name: _brightness(a) for name, a in one.items()} for one in values]
    ranked = {name: np.mean([one[name] for one in brightness], axis=0) for name in stages}
    for most in STEPS:
        maps = _maps(stages, ranked, whole, most)
        if max(_count(stages, maps, one, whole) for one in values) <= limit:
            break
    order = [{name: _sorted(maps[name], one[name]) for name in stages} for one in brightness]
    ranking = {name: _sorted(maps[name], ranked[name]) for name in stages}
    rows, columns = {}, {}
    for name, stage in stages.items():
        if stage.kind == "conv":
            rows[name], columns[name] = _kernels(stage, maps, ranked[name])
    return Kept(maps, order, ranking, rows, columns, whole)


def scores_of(stages: Mapping[str, Stage], parts: Sequence[str], output: str) -> set[str]:
    """Return the stages that hold scores of classes: the predictions, and all that is behind."""
    return {name for name in stages if name in parts or name == output} | {
        name for name in ancestors(stages, output) if ancestors(stages, name).intersection(parts)
    }


def _brightness(array: np.ndarray) -> np.ndarray:
    return np.abs(array).mean(axis=(1, 2), dtype=np.float64)


def _sorted(maps: Sequence[int], brightness: np.ndarray) -> list[int]:
    """Return maps, brightest first, the lower of equals before the other."""
    return sorted(maps, key=lambda one: (-brightness[one], one))


def _maps(
    stages: Mapping[str, Stage], ranked: Mapping[str, np.ndarray], whole: set[str], most: int
) -> dict[str, list[int]]:
    maps: dict[str, list[int]] = {}
    for name, stage in stages.items():
        channels = len(ranked[name])
        if stage.kind in FOLLOWING:
            maps[name] = maps[stage.bottoms[0]]
        elif isinstance(stage.layer, Concat):
            counts = [len(ranked[bottom]) for bottom in stage.bottoms]
            starts = np.cumsum([0, *counts]).tolist()
            maps[name] = [
                start + one
                for start, bottom in zip(starts, stage.bottoms, strict=False)
                for one in maps[bottom]
            ]
        elif name in whole or not stage.nodes:
            maps[name] = list(range(channels))
        else:
            maps[name] = sorted(_sorted(range(channels), ranked[name])[:most])
    return maps


def _count(
    stages: Mapping[str, Stage], maps: Mapping[str, list[int]], values: Arrays, whole: set[str]
) -> int:
    """Return how many values of an image are kept, scores aside."""
    return sum(
        len(maps[name]) * values[name][0].size
        for name, stage in stages.items()
        if stage.kind not in DERIVED and name not in whole and stage.nodes
    )


def _kernels(
    stage: Stage, maps: Mapping[str, list[int]], ranked: np.ndarray
) -> tuple[list[int], list[int]]:
    """Return the output and the input channels of a convolution whose kernels are kept."""
    layer, columns = stage.nodes[0].layer, maps[stage.bottoms[0]]
    weight = layer.params["weight"]
    grouped = weight.shape[1] * layer.groups  # type: ignore[attr-defined]
    if weight.shape[1] != grouped and len(columns) != grouped:
        return [], []  # of groups of channels all are kept or none
    each = len(columns) * weight.shape[1] // grouped * prod(weight.shape[2:])
    brightest = _sorted(maps[stage.name], ranked)[: max(1, KERNELS // each)]
    return sorted(brightest), columns
