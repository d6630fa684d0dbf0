"""MATLAB's files of version 7.3: HDF5 files, in which cells and structs are references.

A struct is a group; an array of structs is one whose members are references, an element each. A
cell is a dataset of references, a text one of character codes. MATLAB counts in columns, so that
all shapes are reversed.

Source: files that MATLAB has written; The MathWorks documents the format as HDF5 only.
"""

from __future__ import annotations

from typing import Any

import h5py

from minifcn.containers.hdf5_tree import Hdf5Tree
from minifcn.containers.limits import MAX_DEPTH

_REFERRED_TO = "#refs#"  # the group of what cells refer to
_LEFT_OUT = "momentum"  # what training leaves behind: as many numbers as there are weights


def load_mat73(data: memoryview) -> dict[str, Any]:
    """Return the variables in a file.

    Returns
    -------
    dict of name to value
        As of `mat5.load_mat5`, but small arrays and those that are stored in pieces are copies,
        empty ones are None, and "momentum" is left out.

    Raises
    ------
    Exception
        As `Hdf5Tree`.
    """
    with Hdf5Tree(data) as tree:
        members = tree.members(tree.root)
        return {name: _value(tree, item, 0) for name, item in members if name != _REFERRED_TO}


def _value(tree: Hdf5Tree, item: h5py.HLObject | None, depth: int) -> Any:
    """Return the value of a group or a dataset."""
    if depth > MAX_DEPTH:
        raise ValueError(f"its cells and structs are nested more than {MAX_DEPTH} deep")
    if item is None or "MATLAB_empty" in item.attrs:
        return None
    kind = "".join(tree.texts(item, "MATLAB_class"))
    if isinstance(item, h5py.Group):
        return _structs(tree, item, depth) if kind == "struct" else None
    if kind == "cell":
        return [_value(tree, each, depth + 1) for each in tree.references(item)]
    if kind == "char":
        return tree.array(item).astype("<u2").tobytes().decode("utf-16-le", "replace")
    if kind in ("single", "double", "logical") or kind.removeprefix("u").startswith("int"):
        return tree.array(item).T if item.dtype.kind in "fiu" else None
    return None


def _structs(tree: Hdf5Tree, group: h5py.Group, depth: int) -> Any:
    """Return the struct that a group is, or the list of structs."""
    columns: dict[str, list[Any]] = {}
    fields: dict[str, Any] = {}
    for name, item in tree.members(group):
        if name == _LEFT_OUT:
            continue
        if isinstance(item, h5py.Dataset) and "MATLAB_class" not in item.attrs:
            columns[name] = [_value(tree, each, depth + 1) for each in tree.references(item)]
        else:
            fields[name] = _value(tree, item, depth + 1)
    if not columns:
        return fields
    if len({len(column) for column in columns.values()}) > 1:
        raise ValueError("it has an array of structs with fields of different lengths")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
