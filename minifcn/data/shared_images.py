"""Validation images that are among the training images, told by their files or by their looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from minifcn.data.dataset import DataError, Dataset
from minifcn.data.images import read_image
from minifcn.system.files import file_digest


def shared_images(first: Dataset, second: Dataset) -> list[tuple[str, str]]:
    """Find the images that are in both datasets: their ids in both, in the order of the first.

    With a validation image among the training ones the scores are too good; VOC's validation
    images are among SBD's training images, for one. Two images are the same if their files are,
    whatever their names, or if they have one name and look alike (the same picture saved again).
    Datasets without files (no `image_path(index)`) are compared by name and look alone.

    Raises
    ------
    DataError
        If an image is missing or unreadable.
    """
    by_name = {sample_id: index for index, sample_id in enumerate(second.ids)}
    by_file = _same_files(first, second)
    pairs = []
    for index, sample_id in enumerate(first.ids):
        namesake = by_name.get(sample_id)
        if index in by_file:
            pairs.append((sample_id, second.ids[by_file[index]]))
        elif namesake is not None and _alike(_image(first, index), _image(second, namesake)):
            pairs.append((sample_id, sample_id))
    return pairs


def _same_files(first: Any, second: Any) -> dict[int, int]:
    """Return the indices of images in `first` whose file equals one in `second`, with that one."""
    if not (hasattr(first, "image_path") and hasattr(second, "image_path")):
        return {}
    sizes = [[_size(data.image_path(i)) for i in range(len(data))] for data in (first, second)]
    both = set(sizes[0]) & set(sizes[1])  # hashing only these makes the check almost free
    second_index = {
        file_digest(second.image_path(i)): i for i, size in enumerate(sizes[1]) if size in both
    }
    digests = {
        i: file_digest(first.image_path(i)) for i, size in enumerate(sizes[0]) if size in both
    }
    return {i: second_index[digest] for i, digest in digests.items() if digest in second_index}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise DataError(f"image {path} cannot be read: {error.strerror}") from None


def _image(dataset: Any, index: int) -> np.ndarray:
    if hasattr(dataset, "image_path"):
        return read_image(dataset.image_path(index))
    return dataset[index].image


def _alike(first: np.ndarray, second: np.ndarray) -> bool:
    """Return whether two images differ by no more than JPEG does: 5 of 255 on average."""
    if first.shape != second.shape:
        return False
    return float(np.abs(first.astype(np.int16) - second).mean()) < 5
