"""Where SBD's files lie, and its label maps; for SBD alone and for VOC with SBD."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minifcn.data.dataset import DataError
from minifcn.data.mat_labels import read_mat_label

_PLACES = ("", "dataset", "*/dataset")  # the last one is benchmark_RELEASE/dataset, or sbdd/dataset
_ADVICE = (
    "point --data-dir or MINIFCN_DATA at the folder that holds benchmark_RELEASE; to get it, "
    "download benchmark.tgz from https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/"
    "grouping/semantic_contours/ and extract it there"
)


def find_sbd(folder: Path) -> Path:
    """Return the folder with SBD's cls, img, train.txt and val.txt, at or below `folder`.

    Raises
    ------
    DataError
        If there is none.
    """
    for place in _PLACES:
        for path in sorted(folder.glob(place)) if place else [folder]:
            if (path / "cls").is_dir() and (path / "train.txt").is_file():
                return path
    raise DataError(f"no SBD (a folder with cls and train.txt) in {folder}; {_ADVICE}")


def sbd_image(root: Path, sample_id: str) -> Path:
    """Return the file of an image."""
    return root / "img" / f"{sample_id}.jpg"


def sbd_label(root: Path, sample_id: str, size: tuple[int, int]) -> np.ndarray:
    """Read the label map of an image.

    Parameters
    ----------
    root : Path
        As `find_sbd` returns it.
    size : (int, int)
        Height and width of the image.

    Returns
    -------
    label : ndarray (H, W), uint8
        0..20, VOC's classes. SBD has no border to ignore.

    Raises
    ------
    DataError
        If the file is missing or unusable.

    Source
    ------
    Hariharan et al. 2011: cls/ID.mat has a struct GTcls with Boundaries (a cell of 20 sparse
    maps), Segmentation and CategoriesPresent.
    """
    path = root / "cls" / f"{sample_id}.mat"
    label = read_mat_label(path, "GTcls.Segmentation", values=range(21), size=size)
    return label.astype(np.uint8)
