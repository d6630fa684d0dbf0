"""What a command may write: nothing that it reads, and nothing that is there already."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from minifcn.system.mishaps import Mishap


class OutputError(Mishap, ValueError):
    """A file would be lost if a command wrote its own; the message says which and what to do."""


def add_overwrite_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that lets a command replace files."""
    said = "replace files that are there; what the command reads is never replaced"
    parser.add_argument("--overwrite", action="store_true", help=said)


def refuse_losses(
    outputs: Iterable[Path], inputs: Iterable[Path], overwrite: bool | None = None
) -> None:
    """Refuse to write files in the place of others; called before anything is computed.

    Parameters
    ----------
    outputs : iterable of Path
        The files that will be written.
    inputs : iterable of Path
        What is read: files, and folders with all that is in them. Need not exist.
    overwrite : bool or None
        Whether files that are not read may be replaced; None if the command has no such option.

    Raises
    ------
    OutputError
        If an output is an input, by whatever name; if it exists, unless `overwrite`; or if two
        outputs are one file.
    """
    read = [path.resolve() for path in inputs if path.exists()]
    written: set[Path] = set()
    for path in outputs:
        if path.resolve() in written:
            raise OutputError(f"{path} would be written twice: choose another for one of the two")
        written.add(path.resolve())
        if not path.exists():
            continue
        if any(_is_part_of(path, source) for source in read):
            raise OutputError(
                f"{path} is read, or lies in a folder that is, so it cannot be written: choose "
                "another output"
            )
        if path.is_dir():
            raise OutputError(f"{path} is a folder, so no file can be written there")
        if not overwrite:
            replace = "" if overwrite is None else ", or give --overwrite to replace it"
            raise OutputError(f"{path} is there already: choose another output{replace}")


def _is_part_of(path: Path, source: Path) -> bool:
    """Return whether a file is another, by any name or link, or lies somewhere in a folder."""
    return path.samefile(source) or (source.is_dir() and path.resolve().is_relative_to(source))


def distinct_names(paths: Iterable[Path], endings: Iterable[str]) -> list[str]:
    """Return what the outputs for each path are called, without their endings ("_label.png" ...).

    That is the stem of the path, numbered (`photo_2`) where an output would otherwise have the name
    of one for another path, be it only on disks that do not tell `A` from `a`.
    """
    endings, names = list(endings), []
    taken: set[str] = set()
    for path in paths:
        name, number = path.stem, 1
        while taken & {f"{name}{ending}".casefold() for ending in endings}:
            number += 1
            name = f"{path.stem}_{number}"
        taken |= {f"{name}{ending}".casefold() for ending in endings}
        names.append(name)
    return names
