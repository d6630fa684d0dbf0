"""What a user means by the names of pictures: files, folders of them, patterns."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from minifcn.data.dataset import DataError
from minifcn.inference.video import VIDEO_ENDINGS

# Pillow's formats that it only passes on to other programs, which are not there.
_STUBS = frozenset(("BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"))


class Sources(NamedTuple):
    """The pictures that are meant.

    Attributes
    ----------
    files : list of Path
        Images and videos, each once, in the order that they were named in; of a folder and of a
        pattern in that of their names. A file that was named need not exist.
    problems : list of DataError
        Of folders and patterns in which there is nothing.
    left_out : int
        How many files of folders are called as no picture is.
    """

    files: list[Path]
    problems: list[DataError]
    left_out: int


def find_sources(names: Iterable[Path]) -> Sources:
    """Return the pictures that are meant by names of files and folders and by patterns.

    Of a folder those files are meant that lie in it and have the ending of a picture or a video;
    folders in it, and files whose name begins with a dot, are not looked at. In a pattern `*` and
    `?` stand for letters and `**` for folders, whether or not the shell knows that.
    """
    files: list[Path] = []
    problems: list[DataError] = []
    left_out, endings = 0, picture_endings()
    for name in names:
        for path in _matches(name):
            if not path.is_dir():
                files.append(path)
                continue
            inside = [one for one in sorted(path.iterdir()) if one.is_file()]
            visible = [one for one in inside if not one.name.startswith(".")]
            pictures = [one for one in visible if one.suffix.lower() in endings]
            left_out += len(visible) - len(pictures)
            files += pictures
            if not pictures:
                problems.append(DataError(f"there is no picture in the folder {path}"))
        if is_pattern(name) and not any(_matches(name)):
            problems.append(DataError(f"no file is called as {name} says"))
    return Sources(list(dict.fromkeys(files)), problems, left_out)


def is_pattern(name: Path) -> bool:
    """Return whether a name stands for others: it has `*`, `?` or `[`, and no file is called so."""
    return glob.has_magic(str(name)) and not name.exists()


def picture_endings() -> frozenset[str]:
    """Return the endings of pictures that can be read, ".jpg" and so on, and of videos."""
    known = Image.registered_extensions()  # now Pillow has looked which formats it knows
    forms = Image.OPEN.keys() - _STUBS
    return VIDEO_ENDINGS | {ending for ending, form in known.items() if form in forms}


def _matches(name: Path) -> Iterator[Path]:
    """Yield the files and folders that a name means."""
    if is_pattern(name):
        yield from map(Path, sorted(glob.glob(str(name), recursive=True)))
    else:
        yield name
