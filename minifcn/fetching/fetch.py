"""A file of the catalogue in a folder: fetched from whichever address works, and verified.

A file gets its name only after its size and checksum were found right. Where no checksum is
documented, the SHA-256 of the first fetch is written beside the file (`FILE.sha256`, as `sha256sum`
writes it), and a later fetch must give the same.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

from platformdirs import user_cache_dir

from minifcn.fetching.catalogue import RemoteFile
from minifcn.fetching.transfer import BrokenTransferError, TransferError, discard, transfer
from minifcn.system.files import file_digest
from minifcn.system.mishaps import Mishap

MAX_BYTES = 8 << 30  # of a file whose size is not documented
MAX_BREAKS = 20  # of one address, as long as each attempt brings something
PAUSE = 1.0  # seconds before a broken transfer goes on


class FetchError(Mishap):
    """A file cannot be had; the message says why, and how to go on without."""


class Fetched(NamedTuple):
    """A file that is there and verified."""

    path: Path
    new: bool  # whether it was fetched just now
    # The SHA-256 if it was written down just now, as none is documented; otherwise "".
    recorded: str


def cache_folder() -> Path:
    """Return the folder for files that were fetched: $MINIFCN_CACHE, or the system's for caches."""
    return Path(os.environ.get("MINIFCN_CACHE") or user_cache_dir("minifcn")).expanduser()


def fetch(entry: RemoteFile, folder: Path) -> Fetched:
    """Return a file of the catalogue, verified; fetch it unless the folder has it.

    Only one process may do so at a time, see `lock`.

    Parameters
    ----------
    folder : Path
        Where the file, and before that what came of it, is kept.

    Raises
    ------
    FetchError
        If no address gives a file that is right.
    OSError
        If it cannot be written.
    """
    path = folder / entry.file
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and not objection(path, entry, path):
        return Fetched(path, False, _record(path, entry))
    partial = path.with_name(f".partial-{path.name}")
    reasons = []
    for address in entry.addresses:
        try:
            _fetch_from(address, partial, entry, path)
        except TransferError as error:
            reasons.append(f"  {address}\n    {error}")
        else:
            os.replace(partial, path)
            discard(partial)
            return Fetched(path, True, _record(path, entry))
    kept = "What came so far is kept: the same command goes on there. " if partial.exists() else ""
    raise FetchError(
        f"{entry.name} cannot be had:\n" + "\n".join(reasons) + f"\n{kept}{_way_out(entry, path)}"
    )


def objection(file: Path, entry: RemoteFile, path: Path) -> str:
    """Return what is wrong with a file, in a clause, or "" if it is the one that is meant.

    `path` is where the file belongs; its recorded SHA-256 lies there.
    """
    size = file.stat().st_size
    if entry.size is not None and size != entry.size:
        return f"it has {size:,} bytes, {entry.size:,} were expected"
    if entry.checksums:
        found = [_digest(file, checksum) for checksum in entry.checksums]
        right = [f.startswith(c) for f, c in zip(found, entry.checksums, strict=True)]
        expected = " or ".join(entry.checksums)
        return "" if any(right) else f"its checksum is {found[0]}, {expected} was expected"
    record = record_path(path)
    if not record.exists():
        return ""
    expected = "".join(record.read_text(encoding="utf-8").split()[:1])
    found_now = file_digest(file)
    if found_now == expected:
        return ""
    return (
        f"its sha256 is {found_now}, at the first fetch it was {expected}; if the publisher has "
        f"changed the file and you trust that, delete {record}"
    )


def record_path(path: Path) -> Path:
    """Return the file with the SHA-256 of the first fetch."""
    return path.with_name(f"{path.name}.sha256")


def _fetch_from(address: str, partial: Path, entry: RemoteFile, path: Path) -> None:
    """Fetch from one address until the partial file is whole and right.

    Raises
    ------
    TransferError
        If that does not come about.
    """
    resumed = _transfer_on(address, partial, entry)
    wrong = objection(partial, entry, path)
    if wrong and resumed:  # the beginning may be of another version, or the server counts wrongly
        discard(partial)
        _transfer_on(address, partial, entry)
        wrong = objection(partial, entry, path)
    if wrong:
        discard(partial)
        raise TransferError(f"{wrong}; it was deleted")


def _transfer_on(address: str, partial: Path, entry: RemoteFile) -> bool:
    """Transfer a file, going on after breaks as long as that leads further.

    Return whether it came in more than one piece.
    """
    resumed = partial.exists()
    for attempt in range(MAX_BREAKS + 1):
        before = partial.stat().st_size if partial.exists() else 0
        try:
            transfer(
                address,
                partial,
                size=entry.size,
                limit=MAX_BYTES,
                verified=bool(entry.checksums),
                label=entry.name,
            )
            break
        except BrokenTransferError:
            if attempt == MAX_BREAKS or partial.stat().st_size <= before:
                raise
            resumed = True
            time.sleep(PAUSE)
    return resumed


def _digest(file: Path, checksum: str) -> str:
    """Return the checksum of a file in the form of another, such as "md5:...", in full."""
    kind = checksum.partition(":")[0]
    return f"{kind}:{file_digest(file, kind.removesuffix('-prefix'))}"


def _record(path: Path, entry: RemoteFile) -> str:
    """Write down the SHA-256 of a file that has no documented checksum, once; return it then."""
    record = record_path(path)
    if entry.checksums or record.exists():
        return ""
    sha256 = file_digest(path)
    record.write_text(f"{sha256}  {path.name}\n", encoding="utf-8")
    return sha256


def _way_out(entry: RemoteFile, path: Path) -> str:
    """Return how to go on with a file that came by other means."""
    facts = [f"{entry.size:,} bytes"] if entry.size else []
    file = ", ".join([path.name, *facts, *entry.checksums])
    put = f"put it at {path} and give the same command again"
    if entry.then == "keep":
        way = put
    elif entry.kind == "data":
        way = f"{put}; or extract it and give the folder with `--data-dir`"
    else:
        ours = f"weights/{entry.name}.h5"
        known = {"--arch": entry.arch, "--colours": entry.colours}
        options = "".join(f" {option} {value}" for option, value in known.items() if value)
        way = (
            f"{put}; or make weights of it with `python -m minifcn.convert FILE -o {ours}{options}`"
            f" and give these with `--weights {ours}`"
        )
    return f"If you get it by other means ({file}), {way}."
