"""The page: one file of HTML that needs nothing but itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import minifcn
from minifcn.exploring.opened import ExploreError
from minifcn.exploring.packing import Blobs
from minifcn.system.files import atomic_write
from minifcn.system.html import environment

TEMPLATES = Path(__file__).with_name("templates")
LARGEST = 24_000_000  # characters
MARK = b'explore">'  # ends the name of the generator, in the first lines of a page
_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:const|let|function|async|class) )", re.MULTILINE)


def page(told: dict[str, Any], blobs: Blobs) -> str:
    """Return the page as HTML: what `contents` tells of net and pictures, and its arrays."""
    from markupsafe import Markup  # a part of Jinja2; other commands need neither

    # In a script nothing is escaped, and nothing must end it.
    said = json.dumps(told, separators=(",", ":"), ensure_ascii=True).replace("<", "\\u003c")
    return str(
        environment(TEMPLATES)
        .get_template("explore.html")
        .render(
            title=f"{told['arch'].replace('fcn', 'FCN-')} on {told['backbone']}",
            version=minifcn.__version__,
            css=Markup((TEMPLATES / "explore.css").read_text(encoding="utf-8")),
            script=Markup(script()),
            net=Markup(said),
            blobs=list(blobs),
        )
    )


def checked(text: str) -> str:
    """Return a page as it is.

    Raises
    ------
    ExploreError
        If browsers would be slow with it.
    """
    if len(text) > LARGEST:
        raise ExploreError(
            f"the page would have {len(text) / 1e6:.0f} MB, and browsers are slow beyond "
            f"{LARGEST / 1e6:.0f}: give fewer pictures, or smaller ones by --side"
        )
    return text


def script() -> str:
    """Return all modules of the page in one, in the order of `modules.txt`."""
    names = (TEMPLATES / "modules.txt").read_text(encoding="utf-8").split()
    texts = ((TEMPLATES / name).read_text(encoding="utf-8") for name in names)
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", text)) for text in texts)


def write_page(path: Path, text: str) -> None:
    """Write a page, atomically."""
    with atomic_write(path) as file:
        file.write(text.encode("utf-8"))


def is_page(path: Path) -> bool:
    """Return whether a file is one of these pages, which may be replaced."""
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return MARK in file.read(512)
