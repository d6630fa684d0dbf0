"""Parameters and their description in one HDF5 file, written atomically and read warily.

Layout: a group for each layer with the datasets `weight` and `bias`, so the address
"conv1_1/weight" is the dataset of that path; a "/" inside a layer's name makes nested groups.
What belongs to the weights as a whole (architecture, classes, preprocessing ...) is in attributes
of the root, each one JSON text. Groups list their members in the order of writing. The last bytes
are a checksum of all the others (`checksum.py`).

A file may come from anywhere: reading takes nothing but what `save_weights` writes, and `hdf5.py`
says how it protects itself.
"""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import h5py
import numpy as np

from minifcn.backend import Array
from minifcn.system.files import atomic_write
from minifcn.weights.checksum import verify, with_checksum
from minifcn.weights.hdf5 import decode_attributes, decode_params
from minifcn.weights.hdf5_writer import hdf5_pieces

FORMAT_VERSION = 1  # of the layout


class WeightsError(ValueError):
    """A weight file or a set of weights cannot be used; the message says which and why."""


class Weights(NamedTuple):
    """The content of a weight file."""

    params: dict[str, np.ndarray]  # address -> float32 or float64 array
    attributes: dict[str, Any]


# ---------------------------------------------------------------------------------------------
# Writing
# ---------------------------------------------------------------------------------------------


def save_weights(
    path: str | os.PathLike[str],
    params: Mapping[str, Array],
    attributes: Mapping[str, Any],
    *,
    dtype: Literal["float16"] | None = None,
) -> None:
    """Write parameters and attributes to an HDF5 file, in place of one that may be there.

    The file appears under its name only when it is complete and on disk. If writing fails or is
    interrupted, what was there before stays as it was.

    Parameters
    ----------
    path : path
        Its folder is made if it is not there.
    params : mapping of address ("layer/parameter") to float array, NumPy or CuPy
        Stored in this order (the members of one layer, or of one nested group, come together).
    attributes : mapping of str to JSON values
        As everywhere in JSON, tuples come back as lists.
    dtype : "float16", optional
        Store half precision, compressed: less than half the size, at 3 decimal digits.
        Without it every bit is kept, and nothing is compressed but what is mostly zeros: float32
        of trained weights shrinks by a tenth, a bilinear kernel by 99 %.

    Raises
    ------
    WeightsError
        If an address, an array or an attribute cannot be stored.
    WriteError
        If the disk is full or refuses.
    """
    try:
        texts = {name: json.dumps(value).encode() for name, value in attributes.items()}
        pieces = hdf5_pieces(texts, params, dtype)
    except (TypeError, ValueError, RecursionError) as error:
        raise WeightsError(f"{path} cannot be written: {error}") from error
    with atomic_write(path) as file:
        for piece in with_checksum(pieces):
            file.write(piece)


# ---------------------------------------------------------------------------------------------
# Reading
# ---------------------------------------------------------------------------------------------


def load_weights(path: str | os.PathLike[str]) -> Weights:
    """Read a file that `save_weights` has written.

    Returns
    -------
    Weights
        Parameters on the host in the order they were saved in: float32 and float64 bit by bit,
        float16 as float32.

    Raises
    ------
    WeightsError
        If the file is truncated, damaged or no HDF5, or holds anything that `save_weights` does
        not write: links, other data types or layouts, more elements than its size accounts for.
    FileNotFoundError
        If there is no such file.
    """
    with _opened(path) as file:
        attributes = decode_attributes(file, os.path.getsize(path))
        return Weights(decode_params(file, os.path.getsize(path)), attributes)


def read_attributes(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read only the attributes of a file that `save_weights` has written; raises as it does."""
    with _opened(path) as file:
        return decode_attributes(file, os.path.getsize(path))


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """Open a file for reading; whatever is wrong with it becomes a WeightsError."""
    os.stat(path)  # a missing file is reported as such
    try:
        with open(path, "rb") as raw:
            verify(memoryview(mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ)))
        with h5py.File(path, "r") as file:
            yield file
    except Exception as error:
        # h5py reports damage by OSError, RuntimeError, KeyError, TypeError, ValueError and others.
        raise WeightsError(
            f"{path} cannot be used as a weight file: {error}; download, copy or convert it again"
        ) from error
