"""A disk that fails: what stands in for `os` in `minifcn.system.files`."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from minifcn.system import files

COUNTED = ("mkdir", "open", "write", "fsync", "replace", "unlink")


class Killed(BaseException):
    """The process is no more. Nothing in the product catches it and goes on."""


class Disk:
    """The operating system's files, of whose operations one may go wrong.

    Parameters
    ----------
    at : int
        The number of the operation, from 1; 0 for none.
    fault : callable
        Is called in its place with the disk, the genuine operation and its arguments.

    Attributes
    ----------
    operations : list of str
        What was done so far: "write step_00000002.h5" ...
    """

    def __init__(self, at: int = 0, fault: Callable[..., Any] | None = None) -> None:
        self._at, self._fault = at, fault
        self.operations: list[str] = []
        self.dead = False
        self.full = False
        self._names: dict[int, Path] = {}  # of open files
        self._sizes: dict[Path, int] = {}  # of which that many bytes are on the disk itself
        self._undo: list[tuple[Path, Path, bytes | None]] = []  # renames that are not on the disk

    def __getattr__(self, name: str) -> Any:
        genuine = getattr(os, name)
        return partial(self._do, name, genuine) if name in COUNTED else genuine

    def _do(self, name: str, genuine: Callable[..., Any], *args: Any) -> Any:
        if self.dead:
            raise Killed
        what = args[-1] if name == "replace" else self._names.get(args[0], args[0])
        self.operations.append(f"{name} {Path(what).name}")
        if self.full and name in ("mkdir", "write"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if len(self.operations) == self._at and self._fault:
            return self._fault(self, name, genuine, *args)
        return self._really(name, genuine, *args)

    def _really(self, name: str, genuine: Callable[..., Any], *args: Any) -> Any:
        """Do it, and remember what of it is not on the disk yet."""
        if name == "replace":
            source, target = map(Path, args)
            self._undo.append((source, target, target.read_bytes() if target.exists() else None))
            if source in self._sizes:
                self._sizes[target] = self._sizes.pop(source)
        elif name == "write":
            self._sizes.setdefault(self._names[args[0]], os.fstat(args[0]).st_size)
        result = genuine(*args)
        if name == "open":
            self._names[result] = Path(args[0])
            if args[1] & os.O_TRUNC:
                self._sizes[Path(args[0])] = 0
        elif name == "fsync":
            path = self._names[args[0]]  # of a file, or of a folder with its names
            self._sizes.pop(path, None)
            self._undo = [entry for entry in self._undo if entry[1].parent != path]
        return result

    # ---------------------------------------------------------------------------------------------
    # Faults
    # ---------------------------------------------------------------------------------------------

    def kill(self, name: str, genuine: Callable[..., Any], *args: Any) -> None:
        """End the process before an operation."""
        self.dead = True
        raise Killed

    def cut(self, name: str, genuine: Callable[..., Any], *args: Any) -> None:
        """End the process in the middle of a write, and before any other operation."""
        if name == "write":
            genuine(args[0], args[1][: len(args[1]) // 2])
        self.kill(name, genuine, *args)

    def power_cut(self, name: str, genuine: Callable[..., Any], *args: Any) -> None:
        """End the machine before an operation: what was not waited for is not on the disk."""
        for source, target, old in reversed(self._undo):
            if not target.exists():  # deleted since
                continue
            os.replace(target, source)
            if old is not None:
                target.write_bytes(old)
            if target in self._sizes:
                self._sizes[source] = self._sizes.pop(target)
        for path, size in self._sizes.items():
            if path.exists():
                os.truncate(path, size)
        self.kill(name, genuine, *args)

    def fill(self, name: str, genuine: Callable[..., Any], *args: Any) -> Any:
        """Let the disk be full from a write on, of which it takes the half."""
        if name not in ("mkdir", "write"):
            return self._really(name, genuine, *args)
        self.full = True
        if name == "write" and len(args[1]) > 1:
            return genuine(args[0], args[1][: len(args[1]) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def shorten(self, name: str, genuine: Callable[..., Any], *args: Any) -> Any:
        """Write a single byte of what was asked for."""
        if name == "write":
            args = (args[0], args[1][:1])
        return self._really(name, genuine, *args)


@contextmanager
def disk(at: int = 0, fault: Callable[..., Any] | None = None) -> Iterator[Disk]:
    """Write to such a disk while the block runs; a kill ends the block and is over then."""
    faulty = Disk(at, fault)
    genuine, files.os = files.os, faulty  # type: ignore[assignment,attr-defined]
    try:
        yield faulty
    except Killed:
        pass
    finally:
        files.os = genuine  # type: ignore[attr-defined]
