"""The pictures that a page is made of: files, or drawn shapes by their names, with their truth."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from minifcn.data.dataset import DataError
from minifcn.data.images import read_image
from minifcn.data.shapes import ShapesDataset

_DRAWN = re.compile(r"(train|val)_(\d{5})")
_NEARLY = re.compile(r"(train|val)_?(\d{1,5})")  # of which it can be told what is meant
_NAMES = "drawn shapes are called val_00000 to val_00199"


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
    refuse_missing(name)
    if not name.exists():
        split, _, index = str(name).partition("_")
        dataset = ShapesDataset(split)
        sample = dataset[int(index)]
        known = tuple(class_names) == tuple(dataset.class_names)
        return Subject(sample.id, sample.image, sample.label if known else None)
    picture = Image.fromarray(read_image(name))
    picture.thumbnail((side, side), Image.Resampling.BOX)
    return Subject(name.stem, np.array(picture), None)


def refuse_missing(name: Path, *, perhaps_net: bool = False) -> None:
    """Refuse a name that is neither a picture file's nor a drawn shape's.

    Parameters
    ----------
    name : Path
    perhaps_net : bool
        Whether the folder of a run may be meant, or a weight file.

    Raises
    ------
    DataError
        The message names what is like it, if anything is.
    """
    if name.is_dir():
        raise DataError(
            f"{name} is a folder, but not that of a run, which has a weights.h5 once it has "
            "finished: give a run's folder, a weight file or a picture"
        )
    drawn = _DRAWN.fullmatch(str(name))
    if name.exists() or (drawn and int(drawn[2]) < len(ShapesDataset(drawn[1]))):
        return
    hint = _nearest(name)
    if drawn:
        ids = ShapesDataset(drawn[1]).ids
        raise DataError(f"{name}: shapes has {ids[0]} to {ids[-1]}{hint}")
    if perhaps_net and not name.suffix:
        raise DataError(
            f"{name} does not exist: the first argument must be the folder of a run, a weight "
            f"file or a picture; {_NAMES}{hint}"
        )
    raise DataError(f"image {name} does not exist; {_NAMES}{hint}")


def _nearest(name: Path) -> str:
    """Return the end of a sentence that offers what a missing name is most like; "" if nothing."""
    if number := _NEARLY.fullmatch(str(name)):
        ids = ShapesDataset(number[1]).ids
        return f"; did you mean {ids[min(int(number[2]), len(ids) - 1)]}?"
    folder = name.parent
    if not folder.is_dir():
        return f"; there is no folder {folder}"
    close = get_close_matches(name.name, [one.name for one in sorted(folder.glob("*"))], 1)
    return f"; did you mean {folder / close[0]}?" if close else ""
