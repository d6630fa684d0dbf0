"""Maps that are only looked at: the brightest of each stage, made small, in steps of a byte."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from minifcn.exploring.packing import Blobs
from minifcn.exploring.values import Arrays

SIDE = 48  # pixels of a tile, at most


def add_tiles(
    blobs: Blobs, name: str, values: Arrays, maps: Mapping[str, Sequence[int]]
) -> dict[str, list[int]]:
    """Add some maps of each stage as `NAME/STAGE`; return which, of the stages that there are."""
    shown = {stage: list(maps[stage]) for stage in values if stage in maps}
    for stage, chosen in shown.items():
        blobs.add_about(f"{name}/{stage}", shrunk(values[stage][chosen]))
    return shown


def shrunk(maps: np.ndarray) -> np.ndarray:
    """Return maps (C, H, W) with sides of at most `SIDE`: each pixel the mean of a square."""
    channels, height, width = maps.shape
    step = -(-max(height, width) // SIDE)
    if step == 1:
        return maps
    rows, columns = -(-height // step), -(-width // step)
    # The last squares stand over the edge, where the edge goes on.
    behind = ((0, 0), (0, rows * step - height), (0, columns * step - width))
    squares = np.pad(maps, behind, mode="edge").reshape(channels, rows, step, columns, step)
    return squares.mean(axis=(2, 4))
