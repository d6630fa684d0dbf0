"""A label map made coarse and fine again, as the output of a net of some stride is."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from minifcn.backend import IGNORE

BACKGROUND = 0


class Method(NamedTuple):
    """A way to make a label map coarse and fine again.

    The map is cut into cells of f x f pixels, from the top left; the last may reach over the edge.
    """

    # "corners": a sample at each corner of a cell, of all pixels less than f away, the nearer the
    # more (the bilinear kernel); beyond the edges the map is mirrored. "means": of each cell's
    # pixels. "middles": the pixel in the middle of each cell.
    samples: str
    # What a pixel sees: "bilinear", the four samples around it; "nearest", the closest one.
    up: str
    # Resample what is labelled 255 as background; otherwise no class is there.
    ignored_is_background: bool = False


METHODS = {
    "bilinear": Method("corners", "bilinear", ignored_is_background=True),
    "bilinear-ignoring": Method("corners", "bilinear"),
    "means-bilinear": Method("means", "bilinear"),
    "majority": Method("means", "nearest"),
    "nearest": Method("middles", "nearest"),
}


def downsampling_matrix(size: int, factor: int, samples: str) -> np.ndarray:
    """Return the weights of each pixel of an axis in each sample: (samples, size), float32.

    Each row has the sum 1. The size and the factor are in pixels, at least 1; for `samples` see
    `Method`. There are ceil(size / factor) cells, and one corner more.
    """
    cells = -(-size // factor)
    if samples == "corners":
        pixels = np.arange(-factor, (cells + 1) * factor)
        distance = np.abs((pixels + 0.5) / factor - np.arange(cells + 1)[:, None])
        # Each pixel beyond the edge is one of the map, which `inside` (pixels, size) says.
        mirrored = np.pad(np.arange(size), (factor, len(pixels) - factor - size), mode="symmetric")
        inside = mirrored[:, None] == np.arange(size)
        weights = np.clip(1 - distance, 0, None) @ inside
    elif samples == "means":
        weights = np.equal.outer(np.arange(cells), np.arange(size) // factor)
    else:
        middles = np.minimum(np.arange(cells) * factor + factor // 2, size - 1)
        weights = np.equal.outer(middles, np.arange(size))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def upsampling_matrix(size: int, factor: int, samples: str, up: str) -> np.ndarray:
    """Return the weights of each sample in each pixel of an axis, the way back: (size, samples).

    Each row has the sum 1. Beyond the outermost middles, their values go on to the edge. The
    arguments are those of `downsampling_matrix`, and "bilinear" or "nearest".
    """
    corners = samples == "corners"
    last = -(-size // factor) - (0 if corners else 1)
    # Where each pixel lies among the samples: at 0 on the first, at 1 on the second.
    place = (np.arange(size) + 0.5) / factor - (0 if corners else 0.5)
    place = np.clip(place, 0, last)[:, None]
    number = np.arange(last + 1)
    if up == "nearest":
        return (np.floor(place + 0.5) == number).astype(np.float32)
    return np.clip(1 - np.abs(place - number), 0, None).astype(np.float32)


@lru_cache(maxsize=256)  # the maps of a set share a few sizes
def _matrices(size: int, factor: int, method: Method) -> tuple[np.ndarray, np.ndarray]:
    down = downsampling_matrix(size, factor, method.samples)
    return down, upsampling_matrix(size, factor, method.samples, method.up)


def resample(label: np.ndarray, factor: int, method: Method) -> np.ndarray:
    """Return a label map (H, W), uint8, that was downsampled and upsampled again.

    Where classes are equally strong the lowest wins; where there is none, the background. 255, what
    is ignored, is in the map that is given and not in the one that is returned.
    """
    present = np.bincount(label.ravel(), minlength=IGNORE)[:IGNORE] > 0
    present[BACKGROUND] = True
    values = np.flatnonzero(present)
    planes = (label == values[:, None, None]).astype(np.float32)  # (classes, H, W)
    if method.ignored_is_background:
        planes[0] += label == IGNORE
    down_rows, up_rows = _matrices(label.shape[0], factor, method)
    down_columns, up_columns = _matrices(label.shape[1], factor, method)
    samples = down_rows @ planes @ down_columns.T
    strongest = up_rows @ samples[0] @ up_columns.T  # (H, W)
    coarse = np.full(label.shape, BACKGROUND, np.uint8)
    for value, plane in zip(values[1:], samples[1:], strict=True):
        strength = up_rows @ plane @ up_columns.T
        coarse[strength > strongest] = value
        np.maximum(strength, strongest, out=strongest)
    return coarse
