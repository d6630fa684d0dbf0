"""Writing to disk: files appear whole or not at all, and what is said to be written is there.

Everything that a run writes goes through this module, and here through the module `os`: the tests
put another in its place that fails, stops or counts at any operation.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeVar

PARTIAL = ".partial-"  # what the name of a file begins with while it is being written
BUFFER_BYTES = 1 << 20
_NUMBERS = re.compile(r"\[\n((?: +-?[0-9.e+-]+,?\n)+) *\]")  # a list in indented JSON

Result = TypeVar("Result")


class WriteError(OSError):
    """The disk is full or refuses; the message says which file cannot be written, and why."""


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Give a file to write to; when the block ends well, it takes the place of `path`.

    The file is beside `path`, so on the same disk. What was there before stays until then, and
    stays if the block fails or the process is killed. Missing folders are made.

    Raises
    ------
    WriteError
        If the disk is full or refuses.
    """
    target = Path(path)
    make_folder(target.parent)
    # One fixed name, so that what a killed process leaves is overwritten by the next attempt.
    partial = target.with_name(f"{PARTIAL}{target.name}")
    file = open_file(partial, "w")
    try:
        yield file
        sync(file)
        file.close()
        rename(partial, target)
    except BaseException:
        file.raw.close()  # and with it goes what the buffer still holds
        with suppress(OSError):
            os.unlink(partial)
        raise


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write a value as indented JSON, a list of numbers on one line, atomically.

    Raises
    ------
    TypeError, ValueError
        If JSON has no such value (NaN and infinities among them); `path` is left as it was.
    WriteError
        If the disk is full or refuses.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    # No text matches: what ends a line inside of one is written as \\n.
    text = _NUMBERS.sub(lambda found: f"[{', '.join(found[1].replace(',', ' ').split())}]", text)
    with atomic_write(path) as file:
        file.write(text.encode())


def open_file(path: Path, mode: Literal["w", "a"]) -> io.BufferedWriter:
    """Open a file for writing, or for writing at its end."""
    return io.BufferedWriter(_ask(path, _File, path, mode, True, _opened), BUFFER_BYTES)


def sync(file: io.BufferedWriter) -> None:
    """Wait until all that was written to a file is on the disk itself."""
    file.flush()
    _ask(Path(file.name), os.fsync, file.fileno())


def rename(path: Path, target: Path) -> None:
    """Give a file another name in its folder, in place of a file that may have it."""
    _ask(target, os.replace, path, target)
    _sync_folder(target.parent)


def remove(path: Path) -> None:
    """Delete a file."""
    _ask(path, os.unlink, path)


def remove_partial(folder: Path) -> None:
    """Delete what killed processes have left half-written in a folder and those below it."""
    for path in sorted(folder.rglob(f"{PARTIAL}*")):
        remove(path)


def make_folder(folder: Path) -> None:
    """Make a folder, and those it lies in, if they are not there."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    try:
        _ask(folder, os.mkdir, folder)
    except WriteError:
        if not folder.is_dir():  # else another process has been faster
            raise
    _sync_folder(folder.parent)


def file_digest(path: str | os.PathLike[str], kind: str = "sha256") -> str:
    """Return a checksum of a file, "sha256", "sha1" or "md5", in hexadecimal digits."""
    digest = hashlib.new(kind)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


class _File(io.FileIO):
    """A file that is written by this module's `os`."""

    def write(self, data: Any) -> int:
        """Write some of the bytes, and return how many."""
        return _ask(Path(self.name), os.write, self.fileno(), data)


def _opened(path: Path, flags: int) -> int:
    return os.open(path, flags, 0o666)


def _sync_folder(folder: Path) -> None:
    """Wait until the list of names in a folder is on the disk itself."""
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    descriptor = _ask(folder, os.open, folder, os.O_RDONLY)
    try:
        _ask(folder, os.fsync, descriptor)
    finally:
        os.close(descriptor)


def _ask(path: Path, operation: Callable[..., Result], *args: Any) -> Result:
    """Ask the operating system for something; its refusal is an error that names the file."""
    try:
        return operation(*args)
    except OSError as error:
        is_partial = path.name.startswith(PARTIAL)
        meant = path.with_name(path.name.removeprefix(PARTIAL)) if is_partial else path
        raise WriteError(f"{meant} cannot be written: {error.strerror or error}") from error
