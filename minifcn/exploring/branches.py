"""What a score is made of: what came down from each stride, which add up to it.

Behind the convolutions that predict scores everything is linear: upsampling, crops, sums. So the
answer is the sum of what each of them contributes by itself, the others being zero. A bias belongs
to the convolution that has it; upsampling has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import NamedTuple

import numpy as np

from minifcn.exploring.stages import Stage
from minifcn.layers import Layer

LINEAR = ("deconv", "crop", "sum")


class Branches(NamedTuple):
    """Where the scores of an answer come from."""

    last: str  # the last upsampling
    at: str  # what it reads: there the parts are as small as they can be
    crop: tuple[int, int]  # where the answer begins in what the last upsampling gives
    parts: tuple[str, ...]  # the stages that predict scores, the coarsest first


def find_branches(stages: Mapping[str, Stage], output: str) -> Branches | None:
    """Return where the scores of a stage come from; None if they are not upsampled at last."""
    last, crop = stages[output], (0, 0)
    if last.kind == "crop":
        crop, last = last.layer.offset, stages[last.bottoms[0]]  # type: ignore[union-attr]
    if last.kind != "deconv" or len(last.nodes) > 1 or "bias" in last.nodes[0].layer.params:
        return None
    at = last.bottoms[0]
    found: list[str] = []
    waiting = [at]
    while waiting:
        stage = stages[waiting.pop()]
        if stage.kind in LINEAR:
            waiting += stage.read
        else:
            found.append(stage.name)
    order = list(stages)
    # The coarsest scores are made from the deepest features, which are computed first.
    return Branches(last.name, at, crop, tuple(sorted(set(found), key=order.index)))


def contributions(
    stages: Mapping[str, Stage], branches: Branches, values: Mapping[str, np.ndarray]
) -> list[np.ndarray]:
    """Return what each part contributes to `branches.at`: float64 (C, h, w) for each.

    `values` (C, H, W) are those of all stages, as the net computed them.
    """
    return [_alone(stages, branches.at, part, values)[0] for part in branches.parts]


def _alone(
    stages: Mapping[str, Stage], name: str, part: str, values: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Return what a part contributes to a stage, (1, C, H, W) in float64."""
    stage, own = stages[name], values[name][None].astype(np.float64)
    if name == part:
        return own
    if stage.layer is None or stage.kind not in LINEAR:
        return np.zeros_like(own)
    bottoms = [_alone(stages, bottom, part, values) for bottom in stage.read]
    if stage.kind == "crop":
        bottoms.append(own)  # which only says how large
    return doubled(stage.layer).infer(*bottoms)


def doubled(layer: Layer) -> Layer:
    """Return a layer with its parameters in float64."""
    twin = copy(layer)
    twin.params = {name: array.astype(np.float64) for name, array in layer.params.items()}
    return twin


def answer(
    stages: Mapping[str, Stage],
    branches: Branches,
    at: np.ndarray,
    size: tuple[int, int],
) -> np.ndarray:
    """Return the scores (C, H, W), float64, of some parts together, for an image of a size.

    `at` (C, h, w), float64, is what they contribute to `branches.at`, added up.
    """
    last = stages[branches.last].nodes[0].layer
    (top, left), (height, width) = branches.crop, size
    return doubled(last).infer(at[None])[0, :, top : top + height, left : left + width]
