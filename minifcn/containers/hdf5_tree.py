"""HDF5 files that other programs wrote and that may come from anywhere, read warily.

HDF5 has many ways to hold what is not in the file, or much more than is in it: links and raw data
in other files, virtual datasets, chunks that were never written, filters that unfold without end
and filters that are loaded from plugins. All of these are refused before anything is allocated.
Uncompressed arrays are views of the file; compressed chunks are unpacked here, because HDF5's own
filter unpacks a chunk to whatever size its stream has.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5o, h5t, h5z

from minifcn.containers.hdf5_texts import TextReader
from minifcn.containers.limits import MAX_DEPTH, inflation_limit, numbers, widened
from minifcn.containers.mapped import MemoryFile

_MAX_OBJECTS = 50_000  # links may form a cycle
_MAX_CHUNKS = 200_000  # some seconds; a 400 MB array has ten thousand
_FILTERS: tuple[list[int], ...] = (
    [],
    [h5z.FILTER_SHUFFLE],
    [h5z.FILTER_DEFLATE],
    [h5z.FILTER_SHUFFLE, h5z.FILTER_DEFLATE],
)


class Hdf5Tree:
    """An HDF5 file that is open for reading, also a context manager that closes it.

    Raises
    ------
    Exception
        Of any kind, as h5py reports damage by several; a ValueError for what is refused here. All
        methods do.
    """

    def __init__(self, data: memoryview) -> None:
        self.root = h5py.File(MemoryFile(data), "r")
        plan = self.root.id.get_create_plist()
        if plan.get_sizes() != (8, 8):
            raise ValueError("its addresses and lengths are not of 8 bytes")
        self._data = data
        self._texts = TextReader(data, plan.get_userblock())
        self._bytes_left = len(data)  # that arrays and texts may still take from the file
        self._granted = inflation_limit(len(data))  # bytes that chunks may still unfold to
        self._objects_left = _MAX_OBJECTS
        self._chunks_left = _MAX_CHUNKS

    def __enter__(self) -> Hdf5Tree:
        return self

    def __exit__(self, *_: object) -> None:
        self.root.close()

    # -----------------------------------------------------------------------------------------
    # Groups
    # -----------------------------------------------------------------------------------------

    def members(self, group: h5py.Group) -> Iterator[tuple[str, h5py.HLObject]]:
        """Yield the names and members of a group, in the order in which it lists them."""
        for name in group:
            yield name, self.member(group, name)

    def member(self, group: h5py.HLObject, path: str) -> h5py.HLObject:
        """Return a member of a group, or of groups within it ("a/b"); links are refused."""
        item: Any = group
        for name in path.split("/"):
            self._count_objects(1)
            if not isinstance(item, h5py.Group) or name not in item:
                raise ValueError(f"it has no {path[:100]!r} in {str(group.name)[:100]}")
            link = item.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                kind = type(link).__name__
                raise ValueError(f"{path[:100]!r} is a link ({kind}), which is not followed")
            item = item[name]
        if not isinstance(item, h5py.Group | h5py.Dataset):
            raise ValueError(f"{path[:100]!r} is neither a group nor an array")
        return item

    def dataset(self, path: str) -> h5py.Dataset:
        """Return an array by its path from the root; links are refused."""
        item = self.member(self.root, path)
        if not isinstance(item, h5py.Dataset):
            raise ValueError(f"{path[:100]!r} is a group, not an array")
        return item

    def walk(self, group: h5py.Group, depth: int = 0) -> Iterator[tuple[str, h5py.Dataset]]:
        """Yield each dataset below a group with its path from there."""
        if depth > MAX_DEPTH:
            raise ValueError(f"its groups are nested more than {MAX_DEPTH} deep")
        for name, item in self.members(group):
            if isinstance(item, h5py.Dataset):
                yield name, item
            else:
                for path, dataset in self.walk(item, depth + 1):
                    yield f"{name}/{path}", dataset

    def references(self, dataset: h5py.Dataset) -> list[h5py.HLObject | None]:
        """Return the groups and datasets that a dataset refers to, None for no reference."""
        if h5py.check_ref_dtype(dataset.dtype) is not h5py.Reference:
            raise ValueError(f"{dataset.name} is of type {dataset.dtype}, not of references")
        self._elements(dataset, np.dtype("<u8"))  # raises unless all of them are in the file
        self._count_objects(dataset.size)
        return [self.root[reference] if reference else None for reference in dataset[()].flat]

    # -----------------------------------------------------------------------------------------
    # Attributes
    # -----------------------------------------------------------------------------------------

    def texts(self, item: h5py.HLObject, name: str) -> list[str]:
        """Return the texts of an attribute; none if it is not there or has no elements."""
        if name not in item.attrs:
            return []
        header = item.attrs.get_id(name)
        count = header.get_space().get_simple_extent_npoints()
        if count == 0:
            return []
        text = h5py.check_string_dtype(header.dtype)
        if text is None:
            raise ValueError(f"the attribute {name!r} of {item.name} is not a text")
        if text.length is None:
            return self._texts.attribute(h5o.get_info(item.id).addr, name, count)
        self._take(count * text.length, f"the attribute {name!r} of {item.name}")
        values = np.asarray(item.attrs[name]).reshape(-1).tolist()
        return [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values]

    # -----------------------------------------------------------------------------------------
    # Arrays
    # -----------------------------------------------------------------------------------------

    def array(self, dataset: h5py.Dataset, entry: int | None = None) -> np.ndarray:
        """Return the numbers of a dataset, bfloat16 as float32; maybe a view of the file.

        With `entry`, return, and read, no more than this one along the first axis.
        """
        dtype = dataset.dtype
        if entry is not None and not 0 <= entry < (dataset.shape or (0,))[0]:
            raise ValueError(f"{dataset.name} has no entry {entry}; its shape is {dataset.shape}")
        if dtype == np.dtype("V2") and self.texts(dataset, "dtype") == ["bfloat16"]:
            return widened(self._elements(dataset, np.dtype("<u2"), entry))
        # Types that NumPy does not have are shown as the next larger one.
        if dtype.kind not in "fiub" or h5t.py_create(dtype, logical=True) != dataset.id.get_type():
            raise ValueError(f"{dataset.name} is of type {dtype}, not of plain numbers")
        return self._elements(dataset, dtype, entry)

    def _elements(
        self, dataset: h5py.Dataset, dtype: np.dtype[Any], entry: int | None = None
    ) -> np.ndarray:
        """Return the elements of a dataset; in the file they have the bytes of a NumPy type."""
        if dataset.shape is None:
            raise ValueError(f"{dataset.name} has no shape")
        nbytes = math.prod(dataset.shape) * dtype.itemsize
        if nbytes and dataset.id.get_create_plist().get_layout() == h5d.CHUNKED:
            return self._assembled(dataset, dtype, entry)
        elements = self._unbroken(dataset, dtype, nbytes)
        return elements if entry is None else elements[entry]

    def _unbroken(self, dataset: h5py.Dataset, dtype: np.dtype[Any], nbytes: int) -> np.ndarray:
        """Return the elements of a dataset that is stored in one piece."""
        creation = dataset.id.get_create_plist()
        layout = creation.get_layout()
        if nbytes == 0:
            return np.zeros(dataset.shape, dtype)
        if layout not in (h5d.CONTIGUOUS, h5d.COMPACT) or creation.get_external_count():
            raise ValueError(f"{dataset.name} is stored outside of the file")
        if dataset.id.get_storage_size() != nbytes:
            raise ValueError(f"{dataset.name} claims {nbytes} bytes that are not in the file")
        self._take(nbytes, dataset.name)
        if layout == h5d.COMPACT:  # among the metadata, and at most 64 KiB
            values = np.asarray(dataset[()])
            return values if values.dtype.kind == "O" else values.view(dtype)
        start = dataset.id.get_offset()
        return numbers(self._data[start : start + nbytes], dtype, dataset.shape, dataset.name)

    def _assembled(
        self, dataset: h5py.Dataset, dtype: np.dtype[Any], entry: int | None
    ) -> np.ndarray:
        """Return the elements of a dataset that is stored in pieces of equal shape."""
        step = dataset.chunks
        wanted = [range(length) for length in dataset.shape]
        if entry is not None:
            wanted[0] = range(entry, entry + 1)
        grid = [
            range(w.start // part * part, w.stop, part)
            for w, part in zip(wanted, step, strict=True)
        ]
        count, nbytes = math.prod(map(len, grid)), math.prod(step) * dtype.itemsize
        self._chunks_left -= count
        self._granted -= count * nbytes  # the chunks at the edge are stored whole
        if self._chunks_left < 0 or self._granted < 0:
            raise ValueError(
                f"with {dataset.name}, {count} chunks of {nbytes} bytes, it would unfold to more "
                "than its size allows"
            )
        creation = dataset.id.get_create_plist()
        filters = [creation.get_filter(number)[0] for number in range(creation.get_nfilters())]
        if filters not in _FILTERS:
            raise ValueError(f"{dataset.name} is compressed in another way than by gzip")
        array = np.empty([len(w) for w in wanted], dtype)
        for corner in itertools.product(*grid):
            block = self._chunk(dataset, corner, filters, dtype)
            into, of = [], []
            for at, part, w in zip(corner, step, wanted, strict=True):
                first, stop = max(at, w.start), min(at + part, w.stop)  # the last reach beyond it
                into.append(slice(first - w.start, stop - w.start))
                of.append(slice(first - at, stop - at))
            array[tuple(into)] = block[tuple(of)]
        return array if entry is None else array[0]

    def _chunk(
        self,
        dataset: h5py.Dataset,
        corner: tuple[int, ...],
        filters: list[int],
        dtype: np.dtype[Any],
    ) -> np.ndarray:
        """Return the elements of one piece, whose bytes must be exactly so many."""
        nbytes = math.prod(dataset.chunks) * dtype.itemsize
        place = dataset.id.get_chunk_info_by_coord(corner)
        if place.byte_offset is None:
            raise ValueError(f"{dataset.name} has parts that are not in the file")
        self._take(place.size, dataset.name)
        skipped, stored = dataset.id.read_direct_chunk(corner)
        used = [kind for number, kind in enumerate(filters) if not skipped >> number & 1]
        if h5z.FILTER_DEFLATE in used:
            stored = zlib.decompressobj().decompress(stored, nbytes + 1)
        if len(stored) != nbytes:
            raise ValueError(
                f"a part of {dataset.name} does not unpack to the {nbytes} bytes of its shape"
            )
        if h5z.FILTER_SHUFFLE in used:  # first byte 0 of every number, then byte 1 ...
            stored = np.frombuffer(stored, np.uint8).reshape(dtype.itemsize, -1).T.tobytes()
        return np.frombuffer(stored, dtype).reshape(dataset.chunks)

    # -----------------------------------------------------------------------------------------
    # Limits
    # -----------------------------------------------------------------------------------------

    def _take(self, nbytes: int, what: str) -> None:
        """Raise ValueError if there are not as many bytes in the file that nothing else took."""
        self._bytes_left -= nbytes
        if self._bytes_left < 0:
            raise ValueError(f"with {what} it claims more bytes than are in the file")

    def _count_objects(self, objects: int) -> None:
        self._objects_left -= objects
        if self._objects_left < 0:
            raise ValueError(f"it has more than {_MAX_OBJECTS} groups and arrays, or a cycle")
