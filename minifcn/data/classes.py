"""The classes of a folder of your own: their names, a label value to ignore, their colours.

`classes.txt` has one name a line, the first for label value 0; "#" begins a comment:

    sky
    building
    ignore: 11      # optional: this label value does not count

`classes.json` can also give colours, one for each label value, for label maps that are coded by
colour and for drawing: {"classes": ["sky", "building"], "ignore": 2,
"palette": [[128, 128, 128], [128, 0, 0], [0, 0, 0]]}. "classes" may be {"0": "sky", ...}, and
"palette" may be "voc". The value 255 is always ignored.

labelme's label list can serve as it is: its first line `__ignore__` stands for 255.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minifcn.backend import IGNORE
from minifcn.data.dataset import DataError, read_lines
from minifcn.data.palette import voc_palette

LONGEST = 100  # letters of a class name


class Classes(NamedTuple):
    """What the label values of a folder mean.

    Attributes
    ----------
    names : tuple of str
        Name of each class index.
    ignore : int or None
        A label value that counts as 255.
    palette : ndarray (L, 3), uint8, or None
        RGB of each label value from 0 on, if given.
    """

    names: tuple[str, ...]
    ignore: int | None
    palette: np.ndarray | None


def read_classes(folder: Path) -> Classes:
    """Read classes.json or else classes.txt in `folder`.

    Raises
    ------
    DataError
        If there is neither, or it does not say what it must.
    """
    for name, read in (("classes.json", _read_json), ("classes.txt", _read_text)):
        path = folder / name
        if path.is_file():
            classes = read(path)
            return _checked(path, classes)
    raise DataError(
        f"{folder} has no classes.txt; write one there with the name of each class on its own "
        "line, the first for label value 0"
    )


def _read_text(path: Path) -> Classes:
    lines = [line.split("#")[0].strip() for line in read_lines(path)]
    names: list[str] = []
    ignore = None
    for line in filter(None, lines):
        if line.startswith("ignore:"):
            ignore = _number(path, line.removeprefix("ignore:").strip())
        elif line != "__ignore__":
            names.append(line)
        elif names:
            raise DataError(
                f"{path} has __ignore__ for label value {len(names)}; in its place write "
                f'"ignore: {len(names)}" as the last line'
            )
    return Classes(tuple(names), ignore, None)


def _read_json(path: Path) -> Classes:
    text = "\n".join(read_lines(path))
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("classes"), list | dict):
        raise DataError(f'{path} must be an object like {{"classes": ["sky", "road"]}}')
    unknown = sorted(set(content) - {"classes", "ignore", "palette"})
    if unknown:
        raise DataError(f'{path} has {unknown}; it may have "classes", "ignore", "palette"')
    names = content["classes"]
    if isinstance(names, dict):
        if set(names) != {str(i) for i in range(len(names))}:
            raise DataError(
                f'{path}: "classes" must name the values 0..{len(names) - 1}, each once'
            )
        names = [names[str(i)] for i in range(len(names))]
    ignore, palette = content.get("ignore"), content.get("palette")
    return Classes(
        tuple(names),
        None if ignore is None else _number(path, ignore),
        None if palette is None else _colours(path, palette),
    )


def _number(path: Path, value: Any) -> int:
    text = str(value)
    if not text.isdecimal() or len(text) > 3 or int(text) > IGNORE:
        raise DataError(
            f"{path}: the value to ignore must be one number within 0..255, not {value}"
        )
    return int(text)


def _colours(path: Path, palette: Any) -> np.ndarray:
    if palette == "voc":
        return voc_palette()
    try:
        colours = np.array(palette)
    except ValueError:  # rows of different lengths
        colours = np.zeros(0)
    shaped = colours.ndim == 2 and colours.shape[1] == 3 and colours.dtype.kind == "i"
    if not shaped or colours.min() < 0 or colours.max() > 255 or len(colours) > 256:
        raise DataError(
            f'{path}: "palette" must be "voc" or one [red, green, blue] (0..255) for each label '
            "value from 0 on"
        )
    if len(np.unique(colours, axis=0)) < len(colours):
        raise DataError(f'{path}: two entries of "palette" are the same colour')
    return colours.astype(np.uint8)


def _checked(path: Path, classes: Classes) -> Classes:
    names = classes.names
    if not 2 <= len(names) <= IGNORE:
        raise DataError(f"{path} names {len(names)} classes; there must be 2 to 255")
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise DataError(f"{path}: the class names must be different texts, one for each class")
    unwritable = [name for name in names if not (name.isprintable() and 0 < len(name) <= LONGEST)]
    if unwritable:
        raise DataError(
            f"{path}: the class name {unwritable[0][:LONGEST]!r} cannot be written in pictures and "
            f"tables; give it 1 to {LONGEST} letters, on one line"
        )
    if classes.palette is not None and len(classes.palette) < len(names):
        raise DataError(
            f'{path} has {len(names)} classes but {len(classes.palette)} colours in "palette"'
        )
    return classes
