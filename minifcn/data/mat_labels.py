"""Label maps in MATLAB files: SBD's, SIFT Flow's, PASCAL-Context's and others of their kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minifcn.containers.mat5_numbers import LIMIT, stored_numbers
from minifcn.data.dataset import DataError, some


def read_mat_label(
    path: Path, variable: str, *, values: range, size: tuple[int, int]
) -> np.ndarray:
    """Read a label map from a MATLAB file (versions 5 to 7) and hold it to what it must be.

    Parameters
    ----------
    path : Path
    variable : str
        "S", or "GTcls.Segmentation" for a field of a struct.
    values : range
        The label values that the data set has, ascending by 1.
    size : (int, int)
        Height and width of the image, pixels.

    Returns
    -------
    label : ndarray (H, W), int16
        The values as they are in the file.

    Raises
    ------
    DataError
        If the file is missing, damaged or too large, has no such variable, or the variable is no
        map of that size with these values.
    """
    data = _read_bytes(path)
    try:
        numbers = stored_numbers(data, variable)
    except ValueError as error:
        raise DataError(
            f"label map {path} cannot be read: {error}; copy or extract it again"
        ) from None
    if numbers.ndim != 2:
        raise DataError(f"label map {path} has the shape {numbers.shape}, not (height, width)")
    if numbers.shape != size:
        raise DataError(
            f"label map {path} is {numbers.shape[1]} x {numbers.shape[0]} pixels but its image is "
            f"{size[1]} x {size[0]}; extract both from the same archive again"
        )
    bad = ~np.isin(numbers, values)
    if bad.any():
        found = [f"{value:g}" for value in np.unique(numbers[bad]).tolist()]
        raise DataError(
            f"label map {path} holds {some(found, 8)}, but the values of this data set are "
            f"{values[0]}..{values[-1]}; take the map from the archive again"
        )
    return numbers.astype(np.int16)


def _read_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > LIMIT:
            raise DataError(f"label map {path} is larger than {LIMIT >> 20} MiB, so it is none")
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"label map {path} does not exist") from None
    except OSError as error:
        raise DataError(f"label map {path} cannot be opened: {error.strerror}") from None
