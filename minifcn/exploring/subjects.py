"""The pictures that a page is made of: files, or drawn shapes by their names, with their truth."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from minifcn.data.dataset import DataError
from minifcn.data.images import read_image
from minifcn.data.shapes import ShapesDataset

_DRAWN = re.compile(r"(train|val)_(\d{5})")


class Subject(NamedTuple):
    """A picture: its name, uint8 (H, W, 3) RGB, and the class of each pixel if that is known."""

    name: str
    image: np.ndarray
    truth: np.ndarray | None


def find_subject(name: Path, class_names: Sequence[str], side: int) -> Subject:
    """Return the picture that a name means.

    Parameters
    ----------
    name : Path
        A picture file; or, if there is none, the name of one of the drawn shapes: `val_00003`.
    class_names : sequence of str
        Of the net: the truth of drawn shapes is known to nets that know the shapes.
    side : int
        A picture with a longer side is scaled down to it; shapes are drawn as they are.

    Raises
    ------
    DataError
        If there is no such picture, or it cannot be read.
    """
    drawn = _DRAWN.fullmatch(str(name))
    if drawn and not name.exists():
        dataset, index = ShapesDataset(drawn[1]), int(drawn[2])
        if index >= len(dataset):
            raise DataError(f"{name}: shapes has {drawn[1]}_00000 to {dataset.ids[-1]}")
        sample = dataset[index]
        known = tuple(class_names) == tuple(dataset.class_names)
        return Subject(sample.id, sample.image, sample.label if known else None)
    if not name.exists():
        raise DataError(
            f"image {name} does not exist; drawn shapes are called val_00000 to val_00199"
        )
    picture = Image.fromarray(read_image(name))
    picture.thumbnail((side, side), Image.Resampling.BOX)
    return Subject(name.stem, np.array(picture), None)
