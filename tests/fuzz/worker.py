"""A process that reads damaged files under a limit of memory, so that it may come to harm alone."""

import resource
import time
import warnings
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from fuzz.formats import FORMATS, Format
from fuzz.mutations import mutated

from minifcn.system.mishaps import Mishap

MEMORY = 512 << 20  # bytes of addresses that reading a file may take
SECONDS = 5  # of computing
LONGEST = 2000  # characters of a message
LOADED, REFUSED = "loaded", "refused"
LAST = "last"  # the damaged file as it was before it was read


def work(connection: Connection, folder: Path, seed: int) -> None:
    """Answer each (name of a format, number of a trial) until the connection is closed.

    An answer is "loaded", "refused", or what is wrong with the reader, which has read `LAST`.
    """
    warnings.simplefilter("ignore")
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    wholes: dict[str, tuple[bytes, Any]] = {}
    while True:
        try:
            name, number = connection.recv()
        except (EOFError, ConnectionError):
            return
        form, path = FORMATS[name], folder / name / FORMATS[name].file
        if name not in wholes:
            path.parent.mkdir(exist_ok=True)
            wholes[name] = whole(form, path)
        content, value = wholes[name]
        others = [content, *(other for other, _ in wholes.values())]
        damaged = form.mend(mutated(content, Random(f"{seed} {name} {number}"), others))
        (folder / LAST).write_bytes(damaged)
        path.write_bytes(damaged)
        connection.send(answer(form, path, value if form.exact else None))


def whole(form: Format, path: Path) -> tuple[bytes, Any]:
    """Write a whole file; return its bytes and what it is read as."""
    form.write(path)
    content = path.read_bytes()
    return content, form.read(path)


def answer(form: Format, path: Path, whole: Any = None) -> str:
    """Read a file; return what came of it, in words.

    Parameters
    ----------
    form : Format
    path : Path
    whole
        What a changed file may be read as, if it is not refused.
    """
    began = time.process_time()
    try:
        found = form.read(path)
    except Mishap as error:
        outcome = _wrong_with(error) or REFUSED
    except Exception as error:
        outcome = f"{type(error).__name__}: {error}"[:LONGEST]
    else:
        outcome = LOADED if whole is None or same(found, whole) else "loaded as something else"
    seconds = time.process_time() - began
    return outcome if seconds < SECONDS else f"{seconds:.0f} s of computing, {outcome}"


def _wrong_with(refusal: Exception) -> str:
    """Return what is wrong with an error of ours, if it is not one clear line about a file."""
    cause: BaseException | None = refusal
    while cause is not None:
        if isinstance(cause, MemoryError):
            return f"more than {MEMORY >> 20} MiB: {refusal}"
        cause = cause.__cause__ or cause.__context__
    text = str(refusal)
    if len(text) > LONGEST:
        return f"an error of {len(text)} characters, {text[:LONGEST]!r}"
    return ""


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal, arrays bit by bit."""
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and (
            (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
        )
    if isinstance(one, Mapping):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
