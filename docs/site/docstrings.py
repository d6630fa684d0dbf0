"""Docstrings are plain text; where Markdown would read more into them, it is told not to.

An extension of Griffe, which reads them for the reference.
"""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

PARAGRAPH = re.compile(r"(?:^(?! ).+\n?)+", re.M)  # not indented
FORMULA = re.compile(r"(?!>>>).* \+?= .*[^.:;,]$")
MARKS = re.compile(r"(?<!^)(?<!^\*)[*\[]", re.M)  # but not the stars of *arguments, **options
CODE = re.compile(r"(`[^`]*`)")


class Plain(Extension):
    """Makes Markdown of plain text."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Change the docstring of whatever has one."""
        if obj.docstring:
            obj.docstring.value = PARAGRAPH.sub(marked, obj.docstring.value)


def marked(paragraph: re.Match[str]) -> str:
    """Return a paragraph as Markdown: formulas as code, the rest without accidental emphasis."""
    lines = paragraph[0].splitlines(keepends=True)
    if all(FORMULA.match(line.rstrip()) for line in lines):
        return "".join(f"    {line}" for line in lines)
    pieces = CODE.split(paragraph[0])
    pieces[::2] = [MARKS.sub(r"\\\g<0>", piece) for piece in pieces[::2]]
    return "".join(pieces)
