"""A state dict as PyTorch saves it, written without PyTorch: a zip archive, not compressed.

    <root>/data.pkl     an OrderedDict of tensors, each of which names its storage
    <root>/data/<key>   the numbers of a storage
    <root>/byteorder, <root>/version

`torch.load(path, weights_only=True)` reads it. The pickle is put together from instructions, for
Python's own pickler can name only what it can import.

Source: `torch.serialization._save`; CPython's Lib/pickletools.py for the instructions.
"""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Iterator, Mapping

import numpy as np

from minifcn.system.files import atomic_write
from minifcn.weights.store import WeightsError

_ROOT, _VERSION = "archive", "3\n"
_STORAGES = {"float64": "DoubleStorage", "float32": "FloatStorage", "float16": "HalfStorage"}


def write_state_dict(
    path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], notes: Mapping[str, str]
) -> None:
    """Write arrays as a state dict, in place of a file that may be there.

    Parameters
    ----------
    path : path
        The file appears under it only when it is complete.
    arrays : mapping of name to float array
    notes : mapping of str to str
        Further members of the archive, which PyTorch takes no notice of.

    Raises
    ------
    WeightsError
        If an array is of a type that has no form.
    WriteError
        If the disk is full or refuses.
    """
    for name, array in arrays.items():
        if array.dtype.name not in _STORAGES:
            raise WeightsError(f"{path} cannot be written: {name!r} is of {array.dtype}")
    with atomic_write(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(f"{_ROOT}/data.pkl", b"".join(_pickled(arrays)))
        archive.writestr(f"{_ROOT}/byteorder", "little")
        for key, array in enumerate(arrays.values()):
            little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
            with archive.open(f"{_ROOT}/data/{key}", "w", force_zip64=True) as member:
                member.write(little.reshape(-1).view(np.uint8).data)
        archive.writestr(f"{_ROOT}/version", _VERSION)
        for name, text in notes.items():
            archive.writestr(f"{_ROOT}/extra/{name}", text)


def _pickled(arrays: Mapping[str, np.ndarray]) -> Iterator[bytes]:
    """Yield the instructions of data.pkl; the letters are those of the format."""
    yield b"\x80\x02" + _global("collections", "OrderedDict") + b")R("
    for key, (name, array) in enumerate(arrays.items()):
        storage = _STORAGES[array.dtype.name]
        strides = np.cumprod([1, *array.shape[:0:-1]])[::-1] if array.ndim else ()
        yield _text(name)
        yield _global("torch._utils", "_rebuild_tensor_v2") + b"("
        yield b"(" + _text("storage") + _global("torch", storage) + _text(str(key)) + _text("cpu")
        yield _integer(array.size) + b"tQ"  # the persistent id of the storage
        yield _integer(0) + _tuple(array.shape) + _tuple(strides) + b"\x89"  # needs no gradient
        yield _global("collections", "OrderedDict") + b")RtR"  # no hooks
    yield b"u."


def _global(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _text(text: str) -> bytes:
    encoded = text.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def _integer(number: int) -> bytes:
    return b"\x8a\x08" + struct.pack("<q", number)


def _tuple(numbers: tuple[int, ...] | np.ndarray) -> bytes:
    return b"(" + b"".join(_integer(int(number)) for number in numbers) + b"t"
