"""Small images and label maps for the tests of the readers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from minifcn.data.palette import write_palette_png

SIZE = (6, 8)  # height, width


def picture(seed: int) -> np.ndarray:
    """Return an image of noise."""
    return np.random.default_rng(seed).integers(0, 256, (*SIZE, 3), np.uint8)


def label_map(value: int) -> np.ndarray:
    """Return a label map with the values 0, `value` and 255."""
    label = np.zeros(SIZE, np.uint8)
    label[1:3, 2:5] = value
    label[0] = 255
    return label


def add_pair(image: Path, label: Path, seed: int = 0, value: int = 1) -> None:
    """Write an image and a label map, with the folders they lie in."""
    for path in (image, label):
        path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(seed)).save(image)
    write_palette_png(label, label_map(value))
