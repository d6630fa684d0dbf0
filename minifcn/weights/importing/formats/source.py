"""What every reader of a weight file returns, and how each comes to its bytes.

Reading is in two stages. The readers of this folder know containers: they say which arrays a file
holds, under the file's own names. What these names mean is known elsewhere.

A file may come from anywhere. No reader runs code from it, follows a reference out of it, or
allocates more than the file's own size accounts for.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minifcn.weights.store import WeightsError


class Source(NamedTuple):
    """The arrays of a weight file, in the names and layouts of whoever wrote it."""

    format: str  # for people: "Caffe NetParameter (V1 layers)", "PyTorch zip archive" ...
    framework: str  # caffe, torch, keras, numpy, matconvnet, safetensors or minifcn
    # Name in the file -> array in the file's layout and dtype, in the file's order. Read-only, and
    # perhaps not aligned, where it is a view of the file.
    arrays: dict[str, np.ndarray]
    attributes: dict[str, Any]  # JSON values; each reader says which


@contextmanager
def mapped_file(
    path: str | os.PathLike[str], kind: str, advice: str = "download, copy or export it again"
) -> Iterator[memoryview]:
    """Give the bytes of a file; whatever is found to be wrong with them becomes a WeightsError.

    Nothing is copied: the system reads what is looked at, and drops pages that it can read again,
    so a file of any size costs no memory that somebody else needs. Nobody may shorten the file
    meanwhile: the system ends a process that reads what is gone.

    Parameters
    ----------
    path : path
    kind : str
        What the file was taken for, with its article: "a Caffe model".
    advice : str
        What to do about a file that is not.

    Yields
    ------
    memoryview of bytes
        Read-only, and valid as long as anything refers to it.

    Raises
    ------
    WeightsError
        In place of any other exception in the block, and if the file is empty.
    FileNotFoundError
        If there is no such file.
    OSError
        If it cannot be opened.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f"there is no file {Path(path)}")
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise WeightsError(f"{path} is empty; download or copy it again")
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    try:
        yield data
    except WeightsError:
        raise
    except Exception as error:
        # Parsers report damage by ValueError, KeyError, EOFError, struct.error and many others.
        # What they quote from the file is cut, and kept from steering a terminal.
        quoted = (str(error) or type(error).__name__)[:300]
        reason = "".join(letter if letter.isprintable() else "?" for letter in quoted)
        raise WeightsError(f"{path} cannot be read as {kind}: {reason}; {advice}") from error
