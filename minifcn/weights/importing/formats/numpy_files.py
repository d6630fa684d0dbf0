"""NumPy's `.npz` archives, and `.npy` files that hold a dict of lists of arrays.

Source: numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.lib import format as npy

from minifcn.containers.limits import numbers
from minifcn.containers.restricted_pickle import restricted_load
from minifcn.containers.zip_archive import unpacked, zip_members
from minifcn.system.files import atomic_write
from minifcn.weights.importing.formats.numpy_pickle import (
    STAND_INS,
    as_text,
    numeric_array,
    object_content,
)
from minifcn.weights.importing.formats.source import Source, weight_file
from minifcn.weights.store import WeightsError

_MAX_HEADER = 20_000  # bytes, of which NumPy itself takes 10 000


def read_npz(path: str | os.PathLike[str]) -> Source:
    """Read an `.npz` archive, compressed or not.

    Returns
    -------
    Source
        Arrays by the keys that `numpy.load` gives them. Attributes: "skipped", a dict of key to
        the reason, for members that are no arrays of numbers (Chainer writes None as an object).
    """
    arrays, skipped = {}, {}
    with weight_file(path, "an archive of NumPy arrays") as data:
        members = zip_members(data)
        for name in members:
            key = name.removesuffix(".npy")
            if key == name:
                skipped[name] = "not a NumPy array"
                continue
            raw = unpacked(data, members, name)
            shape, order, dtype, start = _header(raw)
            if dtype.kind not in "fiub":
                skipped[key] = f"of {dtype}, not of numbers"
                continue
            arrays[key] = numbers(raw[start:], dtype, shape, key[:100], order)
    return Source("NumPy npz", "numpy", arrays, {"skipped": skipped})


def read_npy(path: str | os.PathLike[str]) -> Source:
    """Read an `.npy` file that holds a dict of layers: {"conv1_1": [weight, bias], ...}.

    Returns
    -------
    Source
        Arrays "<layer>/0" and "<layer>/1", or "<layer>/<key>" if the layers are dicts themselves.
        No attributes.

    Raises
    ------
    WeightsError
        If the file is damaged or holds something else, a single array for instance.
    """
    arrays, total = {}, 0
    with weight_file(path, "a NumPy file with a dict of layers") as data:
        shape, _, dtype, start = _header(data)
        if not dtype.hasobject:
            raise ValueError(f"it holds a single array, {shape} of {dtype}, without a name")
        # Python 2's texts are bytes, as are the numbers of its arrays: so these stay in the file.
        pickled, _ = restricted_load(data, STAND_INS, encoding="bytes", start=start)
        for layer, members in _dict_of_layers(pickled).items():
            for key, member in members.items():
                array = numeric_array(member, f"{layer}/{key}")
                arrays[f"{layer}/{key}"], total = array, total + array.nbytes
                if total > len(data):  # one array under many names
                    raise ValueError("its arrays have more bytes than the file")
    return Source("NumPy npy (dict of layers)", "numpy", arrays, {})


def write_npz(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays to an uncompressed `.npz` archive, in place of one that may be there.

    Parameters
    ----------
    path : path
        The file appears under it only when it is complete.
    arrays : mapping of key to array
        `numpy.load` gives them back under their keys.

    Raises
    ------
    WeightsError
        If a key or an array cannot be stored.
    OSError
        If the disk is full or refuses.
    """
    for key, array in arrays.items():
        if array.dtype.kind not in "fiub" or not key or "\0" in key:
            raise WeightsError(f"{path} cannot be written: {key!r}, of {array.dtype}, has no form")
    with atomic_write(path) as file, zipfile.ZipFile(file, "w") as archive:
        for key, array in arrays.items():
            # A ZipInfo of its own has a fixed date, so that equal arrays make equal files.
            with archive.open(zipfile.ZipInfo(f"{key}.npy"), "w", force_zip64=True) as member:
                npy.write_array(member, array, allow_pickle=False)


def _header(data: memoryview) -> tuple[tuple[int, ...], Literal["C", "F"], np.dtype[Any], int]:
    """Return shape, order, dtype and the start of the numbers of an `.npy` file."""
    file = io.BytesIO(data[:_MAX_HEADER])
    version = npy.read_magic(file)
    if version == (1, 0):
        shape, fortran, dtype = npy.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, fortran, dtype = npy.read_array_header_2_0(file)
    else:
        raise ValueError(f"an array is in version {version} of NumPy's format")
    return shape, "F" if fortran else "C", dtype, file.tell()


def _dict_of_layers(pickled: Any) -> dict[str, dict[str, Any]]:
    """Return the arrays of each layer by key or number, as stand-ins."""
    layers = object_content(pickled)
    if not isinstance(layers, dict):
        raise ValueError("it does not hold a dict of layers")
    found: dict[str, dict[str, Any]] = {}
    for name, members in layers.items():
        layer = as_text(name)
        if layer is None:
            raise ValueError("it does not hold a dict of layers")
        if isinstance(members, list | tuple):
            members = dict(enumerate(members))
        if not isinstance(members, dict):
            raise ValueError(f"{layer} is not a list of arrays")
        found[layer] = {as_text(key) or str(key): member for key, member in members.items()}
    return found
