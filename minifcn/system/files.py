"""Files that appear whole or not at all, and their checksums."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a path to write to; when the block ends well, that file takes the place of `path`.

    What was there before stays until then, and stays if the block fails or the process is killed.
    Missing folders are made.

    Parameters
    ----------
    path : path

    Yields
    ------
    Path
        Beside `path`, so on the same disk, and with the same ending, for writers that go by it.
        It must be a file when the block ends.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    # One fixed name, so that what a killed process leaves is overwritten by the next attempt.
    partial = target.with_name(f".partial-{target.name}")
    try:
        yield partial
        _flush(partial)
        os.replace(partial, target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # elsewhere a folder cannot be opened
        _flush(target.parent)


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write a value as indented JSON, atomically.

    Raises
    ------
    TypeError, ValueError
        If JSON has no such value (NaN and infinities among them); `path` is left as it was.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with atomic_write(path) as partial:
        partial.write_text(text, encoding="utf-8")


def file_digest(path: str | os.PathLike[str], kind: str = "sha256") -> str:
    """Return a checksum of a file, "sha256", "sha1" or "md5", in hexadecimal digits."""
    digest = hashlib.new(kind)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _flush(path: Path) -> None:
    """Wait until a file, or the list of names in a folder, is on the disk itself."""
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
