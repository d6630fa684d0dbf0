"""Docstrings are plain text; where Markdown would read more into them, it is told not to.

An extension of Griffe, which reads them for the reference.
"""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

SECTION = re.compile(r"^[A-Z]\w+\n-{3,}$", re.M)
PARAGRAPH = re.compile(r"(?:^(?! ).+\n?)+", re.M)  # not indented
DESCRIPTION = re.compile(r"^ {4}(?! ).*", re.M)  # of a parameter: indented, but no code
FORMULA = re.compile(r"(?!>>>).* (?:\+?=|<-) .*[^.:;,]$")
CODE = re.compile(r"(`[^`]*`)")
MARKS = re.compile(r"[*\[]")


class Plain(Extension):
    """Makes Markdown of plain text."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Change the docstring of whatever has one."""
        if obj.docstring:
            obj.docstring.value = markdown(obj.docstring.value)


def markdown(text: str) -> str:
    """Return a docstring in which nothing is Markdown by accident, and formulas are code."""
    section = SECTION.search(text)
    head, sections = (text[: section.start()], text[section.start() :]) if section else (text, "")
    return PARAGRAPH.sub(paragraph, head) + DESCRIPTION.sub(lambda m: plain(m[0]), sections)


def paragraph(found: re.Match[str]) -> str:
    """Return a paragraph as a block of code if its lines are formulas, else as plain text."""
    lines = found[0].splitlines(keepends=True)
    if all(FORMULA.match(line.rstrip()) for line in lines):
        return "".join(f"    {line}" for line in lines)
    return plain(found[0])


def plain(text: str) -> str:
    """Return text whose stars and brackets are stars and brackets, but for those in backticks."""
    pieces = CODE.split(text)
    pieces[::2] = [MARKS.sub(r"\\\g<0>", piece) for piece in pieces[::2]]
    return "".join(pieces)
