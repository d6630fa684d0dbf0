"""What goes wrong and can be mended by whoever gave the command: told of in one sentence."""

from __future__ import annotations

import errno

from minifcn.system.machine import memory

_LONGEST = 1500  # characters of a message


class Mishap(Exception):
    """An error whose message is a sentence for users: what is wrong, where, and what to do.

    What a damaged file is quoted with may be endless. It is cut in the middle: a message begins
    with what is wrong and ends with what to do.
    """

    def __str__(self) -> str:
        text = super().__str__()
        if len(text) <= _LONGEST:
            return text
        return f"{text[: _LONGEST // 2]} ... {text[-_LONGEST // 2 :]}"


# What of the operating system's comes without a sentence, see `explained`.
EXPECTED_ERRORS = (Mishap, OSError, MemoryError)

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


def explained(error: Exception) -> str:
    """Return what one of the `EXPECTED_ERRORS` says, or what has happened and what can be done."""
    if isinstance(error, MemoryError):
        return (
            f"out of memory ({error or 'nobody says how much was asked for'}; {memory()}): smaller "
            "images need less, and so do a training's --batch-size 1, --recompute, or a smaller "
            "--width"
        )
    if not isinstance(error, OSError) or not error.strerror:
        return str(error) or type(error).__name__
    said = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    advice = _ADVICE.get(error.errno or 0)
    return f"{said}; {advice}" if advice and error.filename else said
