"""The log of a run: one JSON object a line, each with the number of updates made until then.

A checkpoint counts on the log: it is written when all lines up to its step are on the disk. A run
that goes on from a checkpoint goes on from its line, whatever a killed process or a full disk has
left behind it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from minifcn.system.files import atomic_write, make_folder, open_file, sync


class RunLog:
    """The log of a run, open for more.

    Parameters
    ----------
    path : Path
        Of a file that holds nothing but whole lines.
    """

    def __init__(self, path: Path) -> None:
        self._file = open_file(path, "a")

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a line, which survives the end of this process."""
        self._file.write(json.dumps(record).encode() + b"\n")
        self._file.flush()

    def sync(self) -> None:
        """Wait until all lines are on the disk itself, where they survive the machine's end."""
        sync(self._file)

    def close(self) -> None:
        """Close the file; nothing can be written any more."""
        self._file.close()


@contextmanager
def opened_log(path: Path, start: int, note: Callable[[str], None]) -> Iterator[RunLog]:
    """Open a log to go on after `start` updates, without lines of those that will be made again.

    `note` is told of damaged lines, which are left out.
    """
    make_folder(path.parent)
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    records = [_record(line) for line in lines]
    damaged = [str(number) for number, record in enumerate(records, 1) if record is None]
    if damaged:
        note(f"{path}: damaged lines are left out: {', '.join(damaged)}")
    kept = [line for line, r in zip(lines, records, strict=True) if r and r["number"] <= start]
    if kept != lines:
        with atomic_write(path) as file:
            file.write(b"".join(kept))
    with closing(RunLog(path)) as log:
        yield log


def read_log(path: Path) -> list[dict[str, Any]]:
    """Return what the whole lines of a log hold, nothing if it is not there."""
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    return [record for line in lines if (record := _record(line))]


def evaluations(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a log that tell of an evaluation."""
    return [record for record in read_log(path) if "mean_iu" in record]


def _record(line: bytes) -> dict[str, Any] | None:
    """Return what a line holds; None if it is empty, cut off or otherwise damaged."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_whole = line.endswith(b"\n") and isinstance(record, dict)
    return record if is_whole and type(record.get("number")) is int else None
