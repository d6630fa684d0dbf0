"""Entries of a large array in a MATLAB file of version 7.3, read one at a time.

Such a file is an HDF5 file whose arrays have their axes reversed: what MATLAB shows as H x W x N
is stored as (N, W, H), in compressed chunks. Only the chunks of one entry are read; they are
unpacked here rather than by HDF5, which unpacks a chunk to whatever size its stream has.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import h5py
import numpy as np
from h5py import h5d, h5z

from minifcn.data.dataset import DataError

LIMIT = 64 << 20  # bytes of an entry and of a chunk
T = TypeVar("T")
_FILTERS: tuple[list[int], ...] = (
    [],
    [h5z.FILTER_SHUFFLE],
    [h5z.FILTER_DEFLATE],
    [h5z.FILTER_SHUFFLE, h5z.FILTER_DEFLATE],
)


def array_shapes(path: Path, names: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of arrays in a file, as stored.

    Raises
    ------
    DataError
        If the file is missing, of another kind or damaged, or has no such array of numbers.
    """
    return _guarded(path, lambda file: {name: _dataset(file, name).shape for name in names})


def read_entry(path: Path, name: str, index: int) -> np.ndarray:
    """Return entry `index` along the first stored axis of an array.

    Safe from several threads at once.

    Raises
    ------
    DataError
        If the file is missing, of another kind or damaged, or what it claims is not in it.
    """
    return _guarded(path, lambda file: _entry(_dataset(file, name), index))


def _guarded(path: Path, read: Callable[[h5py.File], T]) -> T:
    """Return what a function reads in a file."""
    if not path.is_file():
        raise DataError(f"{path} does not exist")
    try:
        with h5py.File(path, "r") as file:
            return read(file)
    except Exception as error:  # h5py reports damage by exceptions of many kinds
        raise DataError(
            f"{path} cannot be read as a MATLAB file of version 7.3: {error}; download it again"
        ) from None


def _dataset(file: h5py.File, name: str) -> h5py.Dataset:
    """Return an array that is stored in the file itself, in a way that is known here."""
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"it has no array {name!r}")
    dataset = file[name]
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in "fiu":
        raise ValueError(f"{name!r} is no array of numbers")
    layout = dataset.id.get_create_plist().get_layout()
    if layout != h5d.CHUNKED or _filters(dataset) not in _FILTERS:
        raise ValueError(f"{name!r} is not stored in chunks, compressed by gzip or not at all")
    entry = math.prod(dataset.shape[1:]) * dataset.dtype.itemsize
    chunk = math.prod(dataset.chunks) * dataset.dtype.itemsize
    if not 0 < entry <= LIMIT or chunk > LIMIT:
        raise ValueError(f"{name!r} claims {entry} bytes an entry, in chunks of {chunk}")
    return dataset


def _filters(dataset: h5py.Dataset) -> list[int]:
    creation = dataset.id.get_create_plist()
    return [creation.get_filter(number)[0] for number in range(creation.get_nfilters())]


def _entry(dataset: h5py.Dataset, index: int) -> np.ndarray:
    length, *shape = dataset.shape
    if not 0 <= index < length:
        raise ValueError(f"{dataset.name} has {length} entries, not number {index}")
    depth, *step = dataset.chunks
    first = index // depth * depth
    entry = np.empty(shape, dataset.dtype)
    grid = [range(0, size, part) for size, part in zip(shape, step, strict=True)]
    for corner in itertools.product(*grid):
        block = _chunk(dataset, (first, *corner))[index - first]
        target = entry[tuple(slice(i, i + n) for i, n in zip(corner, step, strict=True))]
        target[...] = block[tuple(map(slice, target.shape))]  # the last chunks reach beyond it
    return entry


def _chunk(dataset: h5py.Dataset, corner: tuple[int, ...]) -> np.ndarray:
    """Return the numbers of one chunk."""
    dtype, shape = dataset.dtype, dataset.chunks
    nbytes = math.prod(shape) * dtype.itemsize
    info = dataset.id.get_chunk_info_by_coord(corner)
    if info.byte_offset is None or info.size > LIMIT:
        raise ValueError(f"{dataset.name} has parts that are not in the file")
    skipped, stored = dataset.id.read_direct_chunk(corner)
    used = [kind for number, kind in enumerate(_filters(dataset)) if not skipped >> number & 1]
    if h5z.FILTER_DEFLATE in used:
        stored = zlib.decompressobj().decompress(stored, nbytes + 1)
    if len(stored) != nbytes:
        raise ValueError(f"a chunk of {dataset.name} does not unpack to the bytes of its shape")
    if h5z.FILTER_SHUFFLE in used:  # first byte 0 of every number, then byte 1 ...
        stored = np.frombuffer(stored, np.uint8).reshape(dtype.itemsize, -1).T.tobytes()
    return np.frombuffer(stored, dtype).reshape(shape)
