"""The pages in the folder of a run, written anew at each evaluation: `report.html`, `README.md`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from minifcn.reporting import card, page
from minifcn.reporting.run_record import RunRecord, read_run
from minifcn.system.files import atomic_write


def write_pages(folder: Path) -> None:
    """Write the report and the card of a run, unless somebody has put others there.

    Raises
    ------
    ReportError
        If the folder holds no run.
    WriteError
        If the disk is full or refuses.
    """
    run = read_run(folder)
    if is_free(folder / "report.html", page.MARK):
        write_report(folder / "report.html", [run])
    if is_free(folder / "README.md", card.MARK):
        with atomic_write(folder / "README.md") as file:
            file.write(card.card(run).encode())


def write_report(path: Path, runs: Sequence[RunRecord]) -> None:
    """Write the report of runs, atomically."""
    text = page.report_page(runs)
    with atomic_write(path) as file:
        file.write(text.encode("utf-8", "replace"))


def is_report(path: Path) -> bool:
    """Return whether a file is one of our reports, which may be replaced."""
    return path.is_file() and is_free(path, page.MARK)


def is_free(path: Path, mark: bytes) -> bool:
    """Return whether a file may be written: none is there, or one that bears our mark."""
    if not path.exists():
        return True
    with open(path, "rb") as file:
        return mark in file.read(512)
