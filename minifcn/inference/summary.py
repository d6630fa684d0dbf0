"""What is told of pictures that were segmented: a record of each, and a table of them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from minifcn.inference.segmentation import Segmentation

SHOWN = 3  # classes of a picture in the table, if they have half a percent of it
HEADINGS = ("image", "largest classes", "seconds")


def record(
    name: str, result: Segmentation, files: Sequence[Path], seconds: float
) -> dict[str, Any]:
    """Return what is told of an image, ready for JSON.

    Parameters
    ----------
    name : str
        Of the image.
    result : Segmentation
    files : sequence of Path
        What was written.
    seconds : float
        That it took from reading to writing.
    """
    height, width = result.label.shape
    heads = {head: dict(part.classes) for head, part in result.heads.items()}
    return {
        **record_of_classes(name, result.classes, files, seconds),
        **({"heads": heads} if heads else {}),
        "height": height,
        "width": width,
    }


def record_of_classes(
    name: str, classes: Mapping[str, float], files: Sequence[Path], seconds: float
) -> dict[str, Any]:
    """Return what is told of whatever has classes; see `record`."""
    return {
        "image": name,
        "classes": dict(classes),
        "files": [str(path) for path in files],
        "seconds": round(seconds, 4),
    }


def table(records: Sequence[Mapping[str, Any]]) -> str:
    """Return a line for each record: the image, its largest classes with their share, seconds."""
    rows = [HEADINGS, *map(_row, records)]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "\n".join(f"{a:{widths[0]}}  {b:{widths[1]}}  {c:>7}" for a, b, c in rows)


def _row(one: Mapping[str, Any]) -> tuple[str, str, str]:
    if "error" in one:
        return one["image"], "not segmented", ""
    shares = list(one["classes"].items())
    shown = [f"{name} {share:.0%}" for name, share in shares[:SHOWN] if share >= 0.005]
    rest = [f"{len(shares) - len(shown)} more"] if len(shares) > len(shown) else []
    return one["image"], ", ".join(shown + rest), f"{one['seconds']:.2f}"
