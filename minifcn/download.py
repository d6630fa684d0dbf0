"""Fetch weights and data sets: `python -m minifcn.download NAME`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from minifcn.distributed.guard import complain, guarded
from minifcn.fetching.archives import extract
from minifcn.fetching.catalogue import FILES, RemoteFile, find
from minifcn.fetching.fetch import cache_folder, fetch, record_path
from minifcn.inference.convert import convert
from minifcn.system.command import command_parser
from minifcn.system.lock import locked
from minifcn.system.mishaps import EXPECTED_ERRORS

DESCRIPTION = """\
Fetch published weights and data sets, verify them, and convert or extract them.

  python -m minifcn.download                      what there is
  python -m minifcn.download googlenet-caffe      weights; then --weights takes the .h5 it names
  python -m minifcn.download voc2012 sbd          data; then --data-dir takes the folder it names

Everything goes to the folder in the environment variable MINIFCN_CACHE or, without it, the
system's folder for caches. A transfer that broke goes on when the command is given again.
"""


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("download", DESCRIPTION)
    result.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help="what to fetch; without any name: list what there is",
    )
    result.add_argument(
        "--dir",
        metavar="DIR",
        type=Path,
        help="the folder to put it in (default: $MINIFCN_CACHE, else the system's for caches)",
    )
    result.add_argument("--keep", action="store_true", help="keep archives after extracting them")
    result.add_argument(
        "--no-convert", action="store_true", help="leave weights as they were published"
    )
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    args = parser().parse_args(argv)
    return guarded(lambda _: command(args))


def command(args: argparse.Namespace) -> int:
    """Do what the options ask for; return the exit status: 1 if anything could not be had."""
    folder = args.dir or cache_folder()
    if not args.names:
        print(listing(folder))
        return 0
    failed = False
    for name in args.names:
        try:
            entry = find(name)
            lock = folder / f".lock-{name}"
            with locked(lock, lambda: print("another process is fetching it: waiting for that")):
                get(entry, folder, keep=args.keep, as_ours=not args.no_convert)
        except EXPECTED_ERRORS as error:
            complain(error)
            failed = True
        except KeyboardInterrupt:
            raise KeyboardInterrupt("stopped; the same command goes on from here") from None
    return int(failed)


def get(entry: RemoteFile, folder: Path, *, keep: bool, as_ours: bool) -> None:
    """Fetch one file into a folder and convert or extract it, as far as that is not done yet."""
    tree = folder / entry.folder
    if entry.then == "extract" and tree.exists():
        print(f"{entry.name}: {tree} is there; --data-dir {folder} finds it")
        return
    print(f"{entry.name}: {entry.purpose} ({entry.terms})")
    path, new, recorded = fetch(entry, folder)
    print(f"{'fetched and verified' if new else 'verified'}: {path}")
    if recorded:
        print(f"its sha256 {recorded} is noted in {record_path(path)}, for later fetches")
    if entry.then == "extract":
        extract(path, tree, entry.holds)
        if not keep:
            path.unlink()
        print(f"extracted: {tree}; --data-dir {folder} finds it")
    elif entry.then == "convert" and as_ours:
        ours = folder / f"{entry.name}.h5"
        if new or not ours.exists():
            convert(path, ours, arch=entry.arch, colours=entry.colours, licence=entry.terms)
        print(f"converted: {ours}; every command takes it as --weights {ours}")


def listing(folder: Path) -> str:
    """Return a table of what can be downloaded: name, size, where it is, what it is."""
    rows = [
        f"{entry.name:{max(map(len, FILES))}}  {_size(entry):>8}  {_state(entry, folder):9}  "
        f"{entry.purpose}"
        for entry in FILES.values()
    ]
    return "\n".join([*rows, "", f"in {folder} (MINIFCN_CACHE or --dir moves it)"])


def _size(entry: RemoteFile) -> str:
    """Return a file's size in megabytes, "" if it is not known."""
    if entry.size is None:
        return f"~{entry.about} MB" if entry.about else ""
    return f"{max(1, round(entry.size / 1e6))} MB"


def _state(entry: RemoteFile, folder: Path) -> str:
    """Return what of a file is in the folder, in a word."""
    if entry.then == "extract" and (folder / entry.folder).exists():
        return "extracted"
    if entry.then == "convert" and (folder / f"{entry.name}.h5").exists():
        return "converted"
    path = folder / entry.file
    if path.exists():
        return "fetched"
    return "begun" if path.with_name(f".partial-{path.name}").exists() else ""


if __name__ == "__main__":
    sys.exit(main())
