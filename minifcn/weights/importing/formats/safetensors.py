"""Safetensors: eight bytes of header length, a JSON header and the numbers, without gaps.

The numbers stay in the file: 512 MiB of them take 20 MB of memory here, while the `safetensors`
library (0.8) takes 1.05 GB to read them and keeps half of that.

Source: github.com/huggingface/safetensors, section "Format" of its README.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from minifcn.containers.limits import numbers, widened
from minifcn.system.files import atomic_write
from minifcn.weights.importing.formats.source import Source, weight_file
from minifcn.weights.store import WeightsError

_MAX_HEADER = 100_000_000  # as in the reference implementation
_MAX_VALUES = 1_000_000  # in the header: a tensor has about ten, a net has thousands of tensors

_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",  # widened when it is read
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "|i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "|u1",
    "BOOL": "|b1",
}
_NAMES = {np.dtype(code): name for name, code in _DTYPES.items() if name != "BF16"}


def read_safetensors(path: str | os.PathLike[str]) -> Source:
    """Read a `.safetensors` file.

    Returns
    -------
    Source
        Arrays by the tensors' names in the order of their numbers, BF16 as float32. Attributes:
        what the header has as "__metadata__", texts by name.

    Raises
    ------
    WeightsError
        If the file is damaged, or has gaps, overlaps or a type that NumPy has not.
    """
    with weight_file(path, "safetensors") as content:
        header, data = _split(content)
        metadata = header.pop("__metadata__", {})
        if not all(isinstance(text, str) for text in metadata.values()):
            raise ValueError("its metadata are not texts by name")
        offsets = {name: _integers(entry, "data_offsets", name) for name, entry in header.items()}
        arrays, end = {}, 0
        for name in sorted(offsets, key=offsets.__getitem__):
            start, stop = (*offsets[name], -1, -1)[:2]
            if start != end or stop < start:
                raise ValueError(f"{name} is at bytes {offsets[name]}, and not from {end} on")
            arrays[name], end = _array(name, header[name], data[start:stop]), stop
        if end != len(data):
            raise ValueError(f"its tensors have {end} bytes, but {len(data)} are there")
    return Source("safetensors", "safetensors", arrays, metadata)


def write_safetensors(
    path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]
) -> None:
    """Write arrays to a `.safetensors` file, in place of one that may be there.

    Parameters
    ----------
    path : path
        The file appears under it only when it is complete.
    arrays : mapping of name to array
        Floats, integers or bools.

    Raises
    ------
    WeightsError
        If a name, an array or a text cannot be stored.
    OSError
        If the disk is full or refuses.
    """
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name, array in arrays.items():
        dtype = _NAMES.get(array.dtype.newbyteorder("<"))
        if dtype is None or name == "__metadata__":
            raise WeightsError(f"{path} cannot be written: {name!r}, of {array.dtype}, has no form")
        start, end = end, end + array.nbytes
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": [start, end]}
    try:
        text = json.dumps(header).encode()
    except (TypeError, ValueError) as error:
        raise WeightsError(f"{path} cannot be written: {error}") from error
    text += b" " * (-len(text) % 8)  # so that the numbers are aligned
    with atomic_write(path) as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
            file.write(little.reshape(-1).view(np.uint8).data)


def _split(content: memoryview) -> tuple[dict[str, Any], memoryview]:
    """Return the header and the bytes of the numbers."""
    length = struct.unpack("<Q", content[:8])[0]
    if not 2 <= length <= min(_MAX_HEADER, len(content) - 8):
        raise ValueError(f"its header would have {length} bytes")
    text = bytes(content[8 : 8 + length])
    if sum(map(text.count, (b",", b"[", b"{"))) > _MAX_VALUES:
        raise ValueError("its header has more entries than any net")
    header = json.loads(text.decode(), object_pairs_hook=_unique)
    if not isinstance(header, dict) or not all(isinstance(e, dict) for e in header.values()):
        raise ValueError("its header is not a table of tensors")
    return header, content[8 + length :]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("its header has a name twice")
    return table


def _integers(entry: dict[str, Any], key: str, name: str) -> list[int]:
    """Return a list of integers from the description of a tensor."""
    values = entry.get(key)
    if not isinstance(values, list) or not all(type(v) is int and v >= 0 for v in values):
        raise ValueError(f"{name} has {key} {values}")
    return values


def _array(name: str, entry: dict[str, Any], raw: memoryview) -> np.ndarray:
    """Return a tensor as a view of its bytes, or as float32 if it is BF16."""
    kind, shape = entry.get("dtype"), _integers(entry, "shape", name)
    if kind not in _DTYPES:
        raise ValueError(f"{name} is of type {kind!r}, which NumPy has not")
    array = numbers(raw, _DTYPES[kind], shape, name)
    return widened(array) if kind == "BF16" else array
