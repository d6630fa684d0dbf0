"""How a reader comes to the bytes of a file, and what becomes of the errors that they cause.

No reader runs code from a file, follows a reference out of it, or allocates more than the file's
own size accounts for.
"""

from __future__ import annotations

import io
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def mapped_file(
    path: str | os.PathLike[str], kind: str, advice: str, error: type[ValueError]
) -> Iterator[memoryview]:
    """Give the bytes of a file; whatever is found to be wrong with them becomes one clear error.

    Nothing is copied: the system reads what is looked at, and drops pages that it can read again,
    so a file of any size costs no memory that somebody else needs. Nobody may shorten the file
    meanwhile: the system ends a process that reads what is gone.

    The message is made of `kind`, what the file was taken for, with its article ("a Caffe model"),
    and of `advice`, what to do about a file that is not ("download it again").

    Yields
    ------
    memoryview of bytes
        Read-only, and valid as long as anything refers to it.

    Raises
    ------
    ValueError
        Of the type that was given, in place of any other exception in the block, and if the file
        is empty.
    FileNotFoundError
        If there is no such file.
    OSError
        If it cannot be opened.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f"there is no file {Path(path)}")
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise error(f"{path} is empty; {advice}")
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    try:
        yield data
    except error:
        raise
    except Exception as found:
        # Parsers report damage by ValueError, KeyError, EOFError, struct.error and many others.
        # What they quote from the file is cut, and kept from steering a terminal.
        quoted = (str(found) or type(found).__name__)[:300]
        reason = "".join(letter if letter.isprintable() else "?" for letter in quoted)
        raise error(f"{path} cannot be read as {kind}: {reason}; {advice}") from found


class MemoryFile(io.RawIOBase):
    """Bytes in memory as a file for libraries that read from one, without a copy of all of them.

    `read` gives at most `most` bytes in all, each in a copy: libraries read as many as a header
    claims. `readinto` is not counted, as its caller has the memory already.
    """

    def __init__(self, data: memoryview, most: int = 0) -> None:
        self._data = data
        self._left = most
        self._position = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position, and return it."""
        position = offset + (0, self._position, len(self._data))[whence]
        if position < 0:
            raise OSError("an address is before the beginning of the file")
        self._position = position
        return position

    def read(self, size: int | None = -1) -> bytes:
        """Return the next bytes, as far as there are any; OSError if they become too many."""
        end = len(self._data) if size is None or size < 0 else self._position + size
        piece = self._data[self._position : end]
        self._left -= len(piece)
        if self._left < 0:
            raise OSError("a header or table claims more bytes than any needs")
        self._position += len(piece)
        return bytes(piece)

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, as far as there are bytes, and return how many."""
        piece = self._data[self._position : self._position + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)
