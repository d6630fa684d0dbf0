"""What a dataset is: a sequence of samples, each an id, an RGB image and a label map."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath
from types import MappingProxyType
from typing import NamedTuple, Protocol

import numpy as np

from minifcn.backend import IGNORE
from minifcn.containers.mapped import mapped_file
from minifcn.system.mishaps import Mishap

NOTHING: Mapping[str, np.ndarray] = MappingProxyType({})


class DataError(Mishap, ValueError):
    """Data that cannot be used; the message names the file or option and says what to do."""


class Sample(NamedTuple):
    """One image with its truth.

    Attributes
    ----------
    id : str
        Its name, unique within the dataset.
    image : ndarray (H, W, 3), uint8
        RGB, 0..255.
    label : ndarray (H, W), uint8
        Class index of each pixel; 255 = ignore.
    extras : mapping of str to ndarray (H, W) or (H, W, C)
        Further inputs by name, such as "depth"; most data sets have none.
    extra_labels : mapping of str to ndarray (H, W), uint8
        Label maps of further heads by name, such as "geo"; 255 = ignore.
    """

    id: str
    image: np.ndarray
    label: np.ndarray
    extras: Mapping[str, np.ndarray] = NOTHING
    extra_labels: Mapping[str, np.ndarray] = NOTHING


class Defaults(NamedTuple):
    """What a training on a data set goes by where nothing else is asked for.

    Attributes
    ----------
    pixels : int
        Of a typical image.
    images : int
        How many the default number of steps sees.
    small_rate : float
        Learning rate of a small net for the mean over pixels; on photographs 0.02 kills its
        rectifiers.
    batch_size : int
    padding : "faithful" or "same"
        See `models.fcn.fcn`.
    train_split, val_split : str
        What is trained on and what is validated on.
    mean : "weights" or "reference"
        What is subtracted from the images: what the weights say, or what the paper's authors take.
    """

    pixels: int
    images: int
    small_rate: float = 5e-3
    batch_size: int = 2
    padding: str = "faithful"
    train_split: str = "train"
    val_split: str = "val"
    mean: str = "weights"


class Dataset(Protocol):
    """A sequence of samples that share one list of classes.

    Reading a sample must be safe from several threads at once and give the same every time. A
    data set that keeps its images in files also has `image_path(index) -> Path`; one whose samples
    have `extra_labels` also has `extra_classes`, the class names of each further head, and
    `extra_palettes`, its colours (256, 3), both dicts by the name of the head.

    A class in the table `DATASETS` also has `defaults`, and can have `options`: those arguments of
    its constructor that are options of the commands, each with its help.

    Attributes
    ----------
    name : str
        The name it is opened by, such as "voc".
    class_names : tuple of str
        Name of each class index; 255 has none.
    palette : ndarray (256, 3), uint8
        RGB colour of each label value.
    ids : list of str
        Names of the samples, in order.
    """

    name: str
    class_names: tuple[str, ...]
    palette: np.ndarray
    ids: list[str]

    def __len__(self) -> int:
        """Return the number of samples."""
        ...

    def __getitem__(self, index: int) -> Sample:
        """Return sample `index`, 0 <= index < len; raise IndexError beyond."""
        ...


def data_root(data_dir: str | Path | None) -> Path:
    """Return the folder to look for data in: `data_dir`, else $MINIFCN_DATA, else ./data."""
    return Path(data_dir or os.environ.get("MINIFCN_DATA") or "data").expanduser()


@contextmanager
def data_file(path: Path, kind: str, advice: str) -> Iterator[memoryview]:
    """Give the bytes of a file, as `mapped_file`; whatever is wrong becomes a DataError.

    Parameters
    ----------
    path : Path
    kind : str
        What the file was taken for, with its article.
    advice : str
        What to do about a file that is missing or not of that kind.
    """
    try:
        with mapped_file(path, kind, advice, DataError) as data:
            yield data
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; {advice}") from None
    except OSError as error:  # on opening it; any later one has become a DataError
        raise DataError(f"{path} cannot be opened: {error.strerror}") from None


def bad_values(label: np.ndarray, num_classes: int) -> list[int]:
    """Return the values of a label map that are neither a class index nor 255, ascending."""
    counts = np.bincount(label.ravel(), minlength=IGNORE + 1)
    return [num_classes + int(i) for i in np.flatnonzero(counts[num_classes:IGNORE])]


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file, stripped, without the empty ones."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise DataError(f"{path} is not a file")
    try:
        text = path.read_text(encoding="utf-8-sig")  # editors on Windows begin with a mark
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text; save it as UTF-8") from None
    return [line.strip() for line in text.splitlines() if line.strip()]


def read_list(folder: Path, split: str) -> list[str]:
    """Return the ids in the list of a split, FOLDER/SPLIT.txt: the first word of each line.

    Raises
    ------
    DataError
        If there is no such list in the folder, or it is empty.
    """
    path = folder / f"{split}.txt"
    if not path.is_file():
        lists = ", ".join(sorted(file.stem for file in folder.glob("*.txt"))) or "none"
        raise DataError(f"there is no split {split!r} in {folder}; the lists there: {lists}")
    ids = [line.split()[0] for line in read_lines(path)]
    if not ids:
        raise DataError(f"the list {path} is empty; extract the archive again")
    refuse_outside(path, ids)
    return ids


def refuse_outside(path: Path, names: list[str], root: Path | None = None) -> None:
    """Refuse the names in a list that lead out of the data's folder, or to an absolute path.

    Absolute paths within `root` are no harm.
    """
    for name in names:
        at_home = root is not None and Path(name).is_relative_to(root.absolute())
        pure = PureWindowsPath(name)  # knows both slashes and drives; the strictest on all systems
        if ".." in pure.parts or (pure.anchor and not at_home):
            raise DataError(
                f"{path} lists {name!r}, which leads out of the folder of the data; put the file "
                "there and list it by its name"
            )


def some(names: list[str], limit: int = 3) -> str:
    """Return the first few names for a message: "a, b, c, ..."."""
    return ", ".join(names[:limit]) + (", ..." if len(names) > limit else "")
