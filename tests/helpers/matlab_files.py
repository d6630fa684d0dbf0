"""Writing MATLAB's files: version 5 by SciPy, version 7.3 by h5py in MATLAB's layout."""

from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import scipy.io

CLASSES = {"float32": "single", "float64": "double", "bool": "logical"}


class Structs(NamedTuple):
    """An array of structs with the same fields; a list stands for a cell."""

    rows: list[dict[str, Any]]


def write_mat5(path: Path, variables: dict[str, Any]) -> None:
    """Write dicts as structs, lists as cells, None as an empty array."""
    with path.open("wb") as file:  # a name would be given an ending
        scipy.io.savemat(file, {name: _for_scipy(value) for name, value in variables.items()})


def _for_scipy(value: Any) -> Any:
    if isinstance(value, Structs):
        fields = [(field, object) for field in value.rows[0]]
        rows = [tuple(map(_for_scipy, row.values())) for row in value.rows]
        array = np.empty((1, len(rows)), fields)
        array[0] = rows
        return array
    if isinstance(value, list):
        array = np.empty((1, len(value)), object)
        array[0] = [_for_scipy(each) for each in value]
        return array
    if isinstance(value, dict):
        return {field: _for_scipy(inner) for field, inner in value.items()}
    return np.zeros((0, 0)) if value is None else value


def write_mat73(path: Path, variables: dict[str, Any], **options: Any) -> None:
    """Write the same; `options` are those of h5py's data sets, e.g. their compression."""
    with h5py.File(path, "w", userblock_size=512) as file:
        refs = file.create_group("#refs#")
        for name, value in variables.items():
            _put(file, name, value, refs, options)
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM")


def _put(
    group: h5py.Group, name: str, value: Any, refs: h5py.Group, options: dict[str, Any]
) -> None:
    def referred_to(each: Any) -> h5py.Reference:
        key = f"{len(refs)}_{id(each)}"  # what `each` refers to comes into the same group
        _put(refs, key, each, refs, options)
        return refs[key].ref

    def references(values: list[Any]) -> np.ndarray:
        return np.array([[referred_to(each)] for each in values], h5py.ref_dtype)

    match value:
        case Structs(rows):
            inner = group.create_group(name)
            inner.attrs["MATLAB_class"] = np.bytes_("struct")
            for field in rows[0]:  # without a class
                inner[field] = references([row[field] for row in rows])
            return
        case dict():
            inner = group.create_group(name)
            inner.attrs["MATLAB_class"] = np.bytes_("struct")
            for field, each in value.items():
                _put(inner, field, each, refs, options)
            return
        case None:
            dataset, kind = group.create_dataset(name, data=np.zeros(2, np.uint64)), "double"
            dataset.attrs["MATLAB_empty"] = np.uint8(1)
        case str():
            codes = np.frombuffer(value.encode("utf-16-le"), np.uint16)[:, None]
            dataset, kind = group.create_dataset(name, data=codes), "char"
        case list():
            dataset, kind = group.create_dataset(name, data=references(value)), "cell"
        case _:
            data = value.T.astype(np.uint8) if value.dtype == bool else value.T
            kind = CLASSES.get(value.dtype.name, value.dtype.name)
            dataset = group.create_dataset(name, data=data, **options)
    dataset.attrs["MATLAB_class"] = np.bytes_(kind)
