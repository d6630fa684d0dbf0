"""One process at a time: a lock on a file, held by the operating system.

The system gives the lock back when the process ends, in whatever way, so that what a killed process
leaves behind blocks nobody. The file itself stays: to delete it would open a gap in which two
processes hold locks on two files of one name.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PAUSE = 0.2  # seconds between two looks at a lock that another process holds

if sys.platform == "win32":
    import msvcrt

    def _take(file: BinaryIO) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _give_back(file: BinaryIO) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

    _TAKEN: tuple[type[OSError], ...] = (PermissionError,)
else:
    import fcntl

    def _take(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _give_back(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)

    _TAKEN = (BlockingIOError,)


@contextmanager
def locked(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold a lock while the block runs; wait for it first if another process holds it.

    Parameters
    ----------
    path : Path
        Of the lock file; it and its folder are made if they are not there.
    waiting : callable
        Is called once if there is something to wait for.

    Raises
    ------
    OSError
        If the file cannot be made, or its disk knows no locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as file:
        if not _taken(file):
            waiting()
            while not _taken(file):
                time.sleep(PAUSE)
        try:
            yield
        finally:
            _give_back(file)


def _taken(file: BinaryIO) -> bool:
    """Return whether the lock could be had at once."""
    try:
        _take(file)
    except _TAKEN:
        return False
    return True
