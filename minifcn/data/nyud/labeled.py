"""NYUDv2 as New York University publishes it: nyu_depth_v2_labeled.mat, 2.8 GB, and splits.mat.

    images    (1449, 3, 640, 480)  uint8     RGB
    depths    (1449, 640, 480)     float32   metres, holes filled
    labels    (1449, 640, 480)     uint16    0 = void, 1..894

is what is stored; MATLAB shows the axes in the opposite order, from which each entry is turned
back. splits.mat has the numbers, from 1, for training (trainNdxs) and testing (testNdxs). Which of
the 40 classes each of the 894 belongs to says classMapping40.mat (mapClass) of Gupta et al.

Source: Silberman, Hoiem, Kohli, Fergus: Indoor Segmentation and Support Inference from RGBD
Images, ECCV 2012; Gupta, Arbelaez, Malik, CVPR 2013 (the 40 classes).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from minifcn.containers.hdf5_tree import Hdf5Tree
from minifcn.data.dataset import DataError, data_file
from minifcn.data.depth import fill_holes
from minifcn.data.mat_labels import read_mat_numbers

FIRST_ID = 5001  # what the authors call NYU's number 1

_FILE = "nyu_depth_v2_labeled.mat"
_PLACES = ("", "nyud", "NYUDv2")
_NAMES = ("images", "depths", "labels")
_SOURCE_CLASSES = 894
_LISTS = {"trainval": "trainNdxs", "test": "testNdxs"}
_MAPPING_ADVICE = (
    "it is in benchmarkData/metadata of Gupta et al.'s archive (`python -m minifcn.download "
    "nyud-gupta`); put it there"
)


class NYUDLabeled:
    """The file with all scenes; reads them one by one.

    Parameters
    ----------
    path : Path
        nyu_depth_v2_labeled.mat, with classMapping40.mat beside it.

    Raises
    ------
    DataError
        If either file is missing, damaged or of another kind.
    """

    def __init__(self, path: Path, num_classes: int) -> None:
        self.path = path
        with _opened(path) as file:
            shapes = {name: file.dataset(name).shape for name in _NAMES}
        count, *size = shapes["depths"]
        expected = {"images": (count, 3, *size), "depths": (count, *size), "labels": (count, *size)}
        if len(size) != 2 or shapes != expected:
            raise DataError(
                f"{path} has arrays of the shapes {shapes}, not images (N, 3, W, H), depths and "
                "labels (N, W, H); download it again"
            )
        self._count = count
        self._classes = _read_mapping(path.with_name("classMapping40.mat"), num_classes)

    def read(self, sample_id: str) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """Read one scene; as `NYUDFolder.read`, without "hha"."""
        number = int(sample_id) - FIRST_ID if sample_id.isdecimal() else -1
        if not 0 <= number < self._count:
            raise DataError(
                f"{self.path} has no scene {sample_id!r}; the ids are {FIRST_ID} to "
                f"{FIRST_ID - 1 + self._count}"
            )
        with _opened(self.path) as file:  # of the arrays, only the parts of one scene are read
            image, depth, label = (file.array(file.dataset(name), number).T for name in _NAMES)
        if image.dtype != np.uint8 or not 0 <= label.min() <= label.max() <= _SOURCE_CLASSES:
            raise DataError(
                f"scene {sample_id} in {self.path} has {image.dtype} pixels and labels from "
                f"{label.min()} to {label.max()}, not uint8 and 0..{_SOURCE_CLASSES}"
            )
        try:
            filled = fill_holes(depth.astype(np.float32))
        except DataError as error:
            raise DataError(f"scene {sample_id} in {self.path}: {error}") from None
        classes = self._classes[label.astype(np.int16)]
        return np.ascontiguousarray(image), classes, {"depth": np.ascontiguousarray(filled)}


def find_nyud_labeled(folder: Path) -> Path | None:
    """Return the file at or below `folder`, None if it is not there."""
    files = (folder / place / _FILE for place in _PLACES)
    return next((file for file in files if file.is_file()), None)


def ids_of_splits(path: Path, split: str) -> list[str]:
    """Return the ids of "trainval" or "test" by splits.mat.

    Raises
    ------
    DataError
        If the file is missing or damaged, or has no such numbers.
    """
    name = _LISTS[split]
    advice = "`python -m minifcn.download nyud-splits` fetches it"
    numbers = read_mat_numbers(path, name, "the lists of scenes", advice).ravel()
    if not numbers.size or not (numbers % 1 == 0).all() or numbers.min() < 1:
        raise DataError(f"{path}: {name} must hold the numbers of scenes, from 1; fetch it again")
    return [str(FIRST_ID - 1 + int(number)) for number in numbers]


def _read_mapping(path: Path, num_classes: int) -> np.ndarray:
    """Return the class (1..num_classes, int16) of each of NYU's labels; 0, void, is 0."""
    classes = read_mat_numbers(path, "mapClass", "a mapping of classes", _MAPPING_ADVICE).ravel()
    if classes.size != _SOURCE_CLASSES or not np.isin(classes, range(1, num_classes + 1)).all():
        raise DataError(
            f"{path}: mapClass must have {_SOURCE_CLASSES} numbers within 1..{num_classes}; "
            f"{_MAPPING_ADVICE}"
        )
    return np.concatenate([[0], classes]).astype(np.int16)


@contextmanager
def _opened(path: Path) -> Iterator[Hdf5Tree]:
    """Open the large file; what is wrong with it becomes a DataError."""
    kind, advice = "a MATLAB file of version 7.3", "download it again"
    with data_file(path, kind, advice) as data, Hdf5Tree(data) as tree:
        yield tree
