"""What pages of one file are made with: templates, and addresses that hold a picture."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any


def environment(templates: Path) -> Any:
    """Return what renders the templates of a folder: text is escaped, names have to be known."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # other commands need none

    return Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def picture_address(content: bytes, kind: str) -> str:
    """Return an address that holds the content of a picture's file, of a kind such as "png"."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
