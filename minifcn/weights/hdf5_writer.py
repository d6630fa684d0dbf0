"""HDF5 files that HDF5 lays out and that are written without it.

h5py ends in a segmentation fault when the disk is full. So HDF5 never sees the disk: it lays a file
out in memory, where the arrays take no place but get their addresses. Then the bytes between them
and their own go to the disk in one row, and no array is in memory twice.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5p

from minifcn.backend import Array, to_host

_SMALL = 4096  # bytes; arrays up to that are part of the outline
_PAGE = 4096  # bytes


def hdf5_pieces(
    attributes: Mapping[str, bytes], arrays: Mapping[str, Array], dtype: str | None
) -> Iterator[Any]:
    """Return the bytes of an HDF5 file, piece by piece.

    Parameters
    ----------
    attributes : mapping of str to bytes
        Texts, for the root.
    arrays : mapping of address to float array, NumPy or CuPy
    dtype : str or None
        Store the arrays as this type, compressed; without it only what is mostly zeros is
        compressed.

    Returns
    -------
    iterator of bytes and contiguous arrays

    Raises
    ------
    TypeError, ValueError
        If an address or an array cannot be stored. It is raised at once, not while iterating.
    """
    outline = _Outline()
    missing: dict[int, Array] = {}  # what is not in the outline, by its address
    # The format of HDF5 1.10: long attributes.
    with h5py.File(outline, "w", libver=("v110", "v110"), track_order=True) as file:
        for name, text in attributes.items():
            # Of fixed length: HDF5 keeps others in a heap, and damage there makes it hang.
            file.attrs[name] = np.bytes_(text)
        for address, array in arrays.items():
            offset = _add(file, address, to_host(array), dtype)
            if offset is not None:
                missing[offset] = array
    return _pieces(outline, missing)


def _pieces(outline: _Outline, missing: dict[int, Array]) -> Iterator[Any]:
    end = 0
    for offset in sorted(missing):
        yield outline.part(end, offset)
        array = np.ascontiguousarray(to_host(missing[offset]))
        yield array
        end = offset + array.nbytes
    yield outline.part(end, outline.size)


def _add(file: h5py.File, address: str, array: np.ndarray, dtype: str | None) -> int | None:
    """Add an array and the groups on the way to it; return where its bytes are to be put, if any.

    Small and compressed ones are in the outline already.
    """
    *layer, name = address.split("/")
    if not layer or any(part in ("", ".", "..") or "\0" in part for part in (*layer, name)):
        raise ValueError(f"the address {address!r} is not of the form 'layer/parameter'")
    if array.dtype not in (np.float16, np.float32, np.float64):
        raise ValueError(f"{address} must be of float16, float32 or float64, not {array.dtype}")
    group: h5py.Group = file
    for part in layer:
        found = part in group
        group = group[part] if found else group.create_group(part, track_order=True)
        if not isinstance(group, h5py.Group):
            raise ValueError(f"{address} lies below {group.name}, which is an array")
    if (dtype is None and array.nbytes <= _SMALL) or array.size == 0 or array.ndim == 0:
        group.create_dataset(name, data=array)  # HDF5 compresses no empty and no single numbers
    elif dtype is None and np.count_nonzero(array) >= array.size / 10:
        plan = h5p.create(h5p.DATASET_CREATE)
        plan.set_alloc_time(h5d.ALLOC_TIME_EARLY)
        plan.set_fill_time(h5d.FILL_TIME_NEVER)
        dataset = group.create_dataset(name, shape=array.shape, dtype=array.dtype, dcpl=plan)
        return int(dataset.id.get_offset())
    else:
        stored = _rounded(address, array, dtype)
        # A single chunk, which the reader can read by itself.
        group.create_dataset(
            name, data=stored, chunks=stored.shape, compression="gzip", shuffle=True
        )
    return None


def _rounded(address: str, array: np.ndarray, dtype: str | None) -> np.ndarray:
    """Return an array as of another type; ValueError if it holds values that are too large."""
    with np.errstate(over="ignore"):
        stored = array.astype(dtype or array.dtype)
    if not np.array_equal(np.isfinite(stored), np.isfinite(array)):
        raise ValueError(f"{address} holds values of {abs(array).max():g}, too large for {dtype}")
    return stored


class _Outline(io.RawIOBase):
    """A file in memory, of which only the pages take place that something was written to."""

    def __init__(self) -> None:
        self.size = 0
        self._position = 0
        self._pages: dict[int, bytearray] = {}

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position, and return it."""
        self._position = offset + (0, self._position, self.size)[whence]
        return self._position

    def truncate(self, size: int | None = None) -> int:
        """End the file at a position, and return it."""
        self.size = self._position if size is None else size
        return self.size

    def write(self, data: Any) -> int:
        """Write all of the bytes, and return how many."""
        for start, part in self._parts(len(data)):
            page, at = divmod(self._position + start, _PAGE)
            stored = self._pages.setdefault(page, bytearray(_PAGE))
            stored[at : at + part] = data[start : start + part]
        self._position += len(data)
        self.size = max(self.size, self._position)
        return len(data)

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, with zeros where nothing was written, and return its length."""
        for start, part in self._parts(len(buffer)):
            page, at = divmod(self._position + start, _PAGE)
            stored = self._pages.get(page, bytes(_PAGE))
            buffer[start : start + part] = stored[at : at + part]
        self._position += len(buffer)
        return len(buffer)

    def part(self, start: int, stop: int) -> bytes:
        """Return the bytes from one position to another."""
        self.seek(start)
        return self.read(stop - start)

    def _parts(self, length: int) -> Iterator[tuple[int, int]]:
        """Yield start and length of the parts, each on one page, of what begins here."""
        start = 0
        while start < length:
            part = min(length - start, _PAGE - (self._position + start) % _PAGE)
            yield start, part
            start += part
