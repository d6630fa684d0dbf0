"""Label maps, and other numbers, in MATLAB files of versions 5 to 7: SBD's, SIFT Flow's ..."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from minifcn.containers.mat5 import load_mat5
from minifcn.data.dataset import DataError, data_file, some

LIMIT = 64 << 20  # bytes of a file, and of what is unfolded in it; 2048 x 2048 doubles are half


def read_mat_numbers(path: Path, variable: str, kind: str, advice: str) -> np.ndarray:
    """Read an array of numbers from a small MATLAB file.

    Parameters
    ----------
    variable : str
        "S", or "GTcls.Segmentation" for a field of a struct of size 1 x 1.
    kind, advice : str
        For the messages: what the file is, "a label map", and what to do about one that is not.

    Returns
    -------
    ndarray, read-only
        Of the shape that MATLAB shows, at least two-dimensional, in the type in which the numbers
        are stored (MATLAB stores a double as a byte where that loses nothing).

    Raises
    ------
    DataError
        If the file is missing, damaged or too large, or has no such variable of numbers.
    """
    with data_file(path, kind, advice) as data:
        if len(data) > LIMIT:
            raise ValueError(f"it is larger than {LIMIT >> 20} MiB")
        name, _, field = variable.partition(".")
        value = _member(load_mat5(data, LIMIT), name, "variable")
        if field:
            value = _member(value, field, "field")
        if not isinstance(value, np.ndarray):
            raise ValueError(f"its {variable} is no array of numbers")
    return value


def _member(values: Any, name: str, what: str) -> Any:
    if not isinstance(values, dict):
        raise ValueError(f"it has no struct of size 1 x 1 with the {what} {name!r}")
    if name not in values:
        raise ValueError(f"it has no {what} {name!r}, only {', '.join(values)[:200] or 'none'}")
    return values[name]


def read_mat_label(
    path: Path, variable: str, *, values: range, size: tuple[int, int]
) -> np.ndarray:
    """Read a label map from a MATLAB file and hold it to what it must be.

    Parameters
    ----------
    variable : str
        As for `read_mat_numbers`.
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
    numbers = read_mat_numbers(path, variable, "a label map", "copy or extract it again")
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
