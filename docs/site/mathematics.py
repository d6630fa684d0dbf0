"""Formulas become MathML, which browsers show by themselves: an extension of Python-Markdown.

Arithmatex finds them, `$...$` and `$$...$$`; this translates what it has found.
"""

from __future__ import annotations

import html
import re
from typing import Any

from latex2mathml.converter import convert
from markdown import Extension, Markdown
from markdown.postprocessors import Postprocessor

FORMULA = re.compile(
    r'<(span|div) class="arithmatex">\\(?P<bracket>[(\[])(?P<latex>.*?)\\[)\]]</\1>', re.S
)
# A prime is drawn high already, so it is no exponent.
PRIMED = re.compile(r"<msup>(<mi>\w</mi><mi>&#x02032;</mi>)</msup>")
# A function's name stands apart from its argument, unless that is in brackets.
NAMED = re.compile(r"(<mi>(?:log|exp)</mi>)(?=<m(?!o))")


class ToMathML(Postprocessor):
    """Translates the formulas of a page."""

    def run(self, text: str) -> str:
        """Return the page's HTML with MathML in place of LaTeX."""
        return FORMULA.sub(mathml, text)


def mathml(formula: re.Match[str]) -> str:
    """Return the MathML of a formula.

    Raises
    ------
    ValueError
        If there is a command in it that the translation does not know.
    """
    display = "block" if formula["bracket"] == "[" else "inline"
    text = convert(html.unescape(formula["latex"]), display=display)
    if "\\" in text:
        raise ValueError(f"no MathML for a command in {formula['latex']}")
    return NAMED.sub(r'\1<mspace width="0.167em" />', PRIMED.sub(r"<mrow>\1</mrow>", text))


class Mathematics(Extension):
    """The extension."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Let formulas be translated when the page is whole."""
        md.postprocessors.register(ToMathML(md), "mathml", 0)


def makeExtension(**_: Any) -> Mathematics:
    """Return the extension."""
    return Mathematics()
