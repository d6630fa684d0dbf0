"""Parameters and their description in one HDF5 file, written atomically and read warily.

Layout: a group for each layer with the datasets `weight` and `bias`, so the address
"conv1_1/weight" is the dataset of that path; a "/" inside a layer's name makes nested groups.
What belongs to the weights as a whole (architecture, classes, preprocessing ...) is in attributes
of the root, each one JSON text. Groups list their members in the order of writing. The last bytes
are a checksum of all the others (`checksum.py`).

A file may come from anywhere, and another program may have written it: any layout is read that
keeps the numbers in the file (`containers/hdf5_tree.py`), and nothing else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import h5py
import numpy as np

from minifcn.backend import Array
from minifcn.containers.hdf5_tree import Hdf5Tree
from minifcn.containers.mapped import mapped_file
from minifcn.system.files import atomic_write
from minifcn.system.mishaps import Mishap
from minifcn.weights.checksum import verify, with_checksum
from minifcn.weights.hdf5_writer import hdf5_pieces

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"  # how a file of HDF5 begins
FORMAT_VERSION = 1  # of the layout
_KIND, _ADVICE = "a weight file", "download, copy or convert it again"


class WeightsError(Mishap, ValueError):
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
        If the file is truncated, damaged or no HDF5, or holds anything else than attributes of
        one JSON text each and arrays of floats: links, other types, more elements than its size
        accounts for.
    FileNotFoundError
        If there is no such file.
    """
    with _opened(path) as tree:
        attributes = _attributes(tree)
        params = {address: _param(tree, address, item) for address, item in tree.walk(tree.root)}
        return Weights(params, attributes)


def read_attributes(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read only the attributes of a file that `save_weights` has written; raises as it does."""
    with _opened(path) as tree:
        return _attributes(tree)


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Hdf5Tree]:
    """Open a file for reading, its checksum looked at; damage becomes a WeightsError."""
    with mapped_file(path, _KIND, _ADVICE, WeightsError) as data:
        verify(data)
        with Hdf5Tree(data) as tree:
            yield tree


def _attributes(tree: Hdf5Tree) -> dict[str, Any]:
    """Return the attributes of the root, each decoded from its JSON text."""
    attributes = {}
    for name in tree.root.attrs:
        texts = tree.texts(tree.root, name)
        try:
            (attributes[name],) = map(json.loads, texts)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"the attribute {name!r} is not one JSON text ({error})") from error
    return attributes


def _param(tree: Hdf5Tree, address: str, dataset: h5py.Dataset) -> np.ndarray:
    """Return a copy of a parameter: float64 as it is and everything else as float32."""
    if dataset.dtype.kind != "f" or dataset.dtype.itemsize > 8:
        raise ValueError(f"{address} is of type {dataset.dtype}, not of floating point numbers")
    return np.array(tree.array(dataset), np.float64 if dataset.dtype.itemsize == 8 else np.float32)
