"""One process at a time: a lock on a file, which is given back when its process ends, however."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

PAUSE = 0.2  # seconds between two looks at a lock that another process holds


@contextmanager
def locked(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold a lock on a file while the block runs; wait for it first if another process holds it.

    The file and its folder are made if they are not there; OSError if they cannot be. `waiting` is
    called once if there is something to wait for.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        held = lock.acquire(timeout=0)
    except Timeout:
        waiting()
        held = lock.acquire(poll_interval=PAUSE)
    with held:
        yield
