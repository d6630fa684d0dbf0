"""Decoding HDF5 weight files that may come from anywhere.

Only the layouts that `store.save_weights` writes are taken. No link is followed, no code is run,
and no more memory is asked for than the file's own size (uncompressed arrays) or a fixed multiple
of it (compressed ones).
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5z

# What a file may unfold to. Zero-filled layers compress a thousandfold, but only a small net
# consists of little else; 64 MiB are always granted.
_MAX_INFLATED = 4 << 30
_MAX_RATIO = 100
_ALWAYS_GRANTED = 64 << 20


def decode_attributes(file: h5py.File, file_size: int) -> dict[str, Any]:
    """Return the attributes of the root, each decoded from its JSON text.

    Parameters
    ----------
    file : h5py.File
    file_size : int
        Bytes of the file on disk.

    Raises
    ------
    Exception
        Of any kind, as h5py reports damage by several; a ValueError for what is refused here.
    """
    attributes, total = {}, 0
    for name in file.attrs:
        header = file.attrs.get_id(name)
        if header.dtype.kind != "S" or header.shape != ():
            raise ValueError(f"the attribute {name!r} is not one JSON text of fixed length")
        total += header.dtype.itemsize
        if total > file_size:
            raise ValueError(f"the attribute {name!r} claims text that is not in the file")
        try:
            attributes[name] = json.loads(file.attrs[name])
        except (ValueError, TypeError, RecursionError) as error:
            raise ValueError(f"the attribute {name!r} is not valid JSON ({error})") from error
    return attributes


def decode_params(file: h5py.File, file_size: int) -> dict[str, np.ndarray]:
    """Return all datasets by address, none of them read before its size is found believable.

    Parameters
    ----------
    file, file_size
        As for `decode_attributes`.

    Returns
    -------
    dict of address to array, float64 as it is and everything else as float32

    Raises
    ------
    Exception
        As for `decode_attributes`.
    """
    granted = min(_MAX_INFLATED, max(_ALWAYS_GRANTED, _MAX_RATIO * file_size))
    params: dict[str, np.ndarray] = {}
    plain = inflated = 0
    for address, dataset in _datasets(file, "", {file}):
        if dataset.dtype.kind != "f" or dataset.dtype.itemsize not in (2, 4, 8):
            raise ValueError(f"{address} is of type {dataset.dtype}, not of floating point numbers")
        if dataset.shape is None:
            raise ValueError(f"{address} has no shape")
        nbytes = math.prod(dataset.shape) * dataset.dtype.itemsize
        if _is_compressed(address, dataset):
            inflated += nbytes
            if inflated > granted:
                raise ValueError(
                    f"with {address} it would unfold from {file_size} bytes to {inflated}, "
                    f"more than the {granted} that are granted"
                )
            array = _inflate(address, dataset, nbytes)
        else:
            plain += nbytes
            if dataset.id.get_storage_size() != nbytes or plain > file_size:
                raise ValueError(f"{address} claims {nbytes} bytes that are not in the file")
            array = dataset[()]
        params[address] = np.asarray(array, np.float64 if array.itemsize == 8 else np.float32)
    return params


def _datasets(
    group: h5py.Group, prefix: str, seen: set[h5py.Group | h5py.Dataset]
) -> Iterator[tuple[str, h5py.Dataset]]:
    """Yield each dataset below a group with its address; refuse everything but hard links."""
    for name in group:
        address = prefix + name
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{address} is a link ({type(link).__name__}), which is not followed")
        item = group[name]
        if item in seen:  # a second name for an object: a cycle, or one array counted many times
            raise ValueError(f"{address} is a second name of something else in the file")
        seen.add(item)
        if isinstance(item, h5py.Group):
            yield from _datasets(item, f"{address}/", seen)
        elif isinstance(item, h5py.Dataset):
            yield address, item
        else:
            raise ValueError(f"{address} is a {type(item).__name__}, not a group or a dataset")


def _is_compressed(address: str, dataset: h5py.Dataset) -> bool:
    """Return which of the two layouts of `save_weights` a dataset has; refuse any other."""
    creation = dataset.id.get_create_plist()
    filters = [creation.get_filter(number)[0] for number in range(creation.get_nfilters())]
    layout = creation.get_layout()
    if layout == h5d.CONTIGUOUS and not filters and creation.get_external_count() == 0:
        return False
    if (
        layout == h5d.CHUNKED
        and filters == [h5z.FILTER_SHUFFLE, h5z.FILTER_DEFLATE]
        and dataset.chunks == dataset.shape
        and dataset.id.get_num_chunks() == 1
    ):
        return True
    raise ValueError(f"{address} is stored in a layout that weight files do not use")


def _inflate(address: str, dataset: h5py.Dataset, nbytes: int) -> np.ndarray:
    """Decompress the only chunk of a dataset.

    HDF5's own filter unpacks a chunk to whatever size the compressed stream has, however small the
    dataset says it is; here it ends at `nbytes`.
    """
    skipped, stream = dataset.id.read_direct_chunk((0,) * dataset.ndim)
    decoder = zlib.decompressobj()
    planes = b"" if skipped else decoder.decompress(stream, nbytes + 1)
    if len(planes) != nbytes:
        raise ValueError(f"{address} does not unpack to the {nbytes} bytes of its shape")
    # Shuffled: first byte 0 of every number, then byte 1 of every number ...
    shuffled = np.frombuffer(planes, np.uint8).reshape(dataset.dtype.itemsize, -1)
    return np.ascontiguousarray(shuffled.T).view(dataset.dtype).reshape(dataset.shape)
