"""What the operating system refuses, in a sentence."""

from __future__ import annotations

import errno

from minifcn.system.machine import memory

_ADVICE = {
    errno.ENOSPC: "make room on the disk, or write to another one",
    errno.EDQUOT: "make room, or write to another disk",
    errno.EEXIST: "a file is where a folder is needed; choose another",
    errno.ENOTDIR: "a file is where a folder is needed; choose another",
    errno.EISDIR: "a folder is where a file is needed; choose another",
    errno.EACCES: "give yourself the right to it, or choose another",
    errno.EPERM: "give yourself the right to it, or choose another",
    errno.EROFS: "choose one that can be written",
    errno.ENOENT: "give another, or make it",
}


def explained(error: OSError | MemoryError) -> str:
    """Return what has happened, to what file, and what can be done about it."""
    if isinstance(error, MemoryError):
        return (
            f"out of memory ({error or 'nobody says how much was asked for'}; {memory()}): smaller "
            "images need less, and so do a training's --batch-size 1, --recompute, or a smaller "
            "--width"
        )
    if not error.strerror:
        return str(error) or type(error).__name__
    said = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    advice = _ADVICE.get(error.errno or 0)
    return f"{said}; {advice}" if advice and error.filename else said
