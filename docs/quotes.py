"""Write into the pages what they quote of the source, and at which line it begins.

    python docs/quotes.py            write the quotes
    python docs/quotes.py --check    say which are out of date, and change nothing

A quote is a block marked `py`, under a line that ends in a link to a function:

    The loops, [`naive/relu.py`, `relu`](../../minifcn/functional/naive/relu.py#L8):

It is the function without its first line and its docstring.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[1]
QUOTE = re.compile(
    r"(?P<head>\[`[^`\n]+`, `(?P<name>\w+)`\]\((?P<file>[^)#\n]+\.py))(?:#L\d+)?\):\n\n"
    r"```py\n.*?^```$",
    re.M | re.S,
)


def main() -> int:
    """Run the script; return 1 if quotes were out of date."""
    outdated = []
    for page in pages():
        old = page.read_text(encoding="utf-8")
        new = quoted(old, page)
        if new != old:
            outdated.append(str(page.relative_to(ROOT)))
            if "--check" not in sys.argv:
                page.write_text(new, encoding="utf-8")
    if "--check" in sys.argv:
        run = f"out of date, run `python {sys.argv[0]}`:"
        print("\n".join([run, *outdated]) if outdated else "ok")
        return 1 if outdated else 0
    return 0


def pages() -> list[Path]:
    """Return the pages of the documentation that quote anything."""
    found = sorted((ROOT / "docs").rglob("*.md"))
    return [page for page in found if QUOTE.search(page.read_text(encoding="utf-8"))]


def quoted(text: str, page: Path) -> str:
    """Return the text of a page with its quotes as the source is now."""

    def renewed(quote: re.Match[str]) -> str:
        line, body = function(page.parent / quote["file"], quote["name"])
        return f"{quote['head']}#L{line}):\n\n```py\n{body}```"

    return QUOTE.sub(renewed, text)


def function(file: Path, name: str) -> tuple[int, str]:
    """Return at which line a function begins, and its body without the docstring.

    Raises
    ------
    LookupError
        If the file has no function of this name at its top level.
    """
    source = file.read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            first = node.body[1 if ast.get_docstring(node) else 0]
            lines = source.splitlines(keepends=True)[first.lineno - 1 : node.end_lineno]
            return node.lineno, dedent("".join(lines))
    raise LookupError(f"{file.name} has no function {name}")


if __name__ == "__main__":
    sys.exit(main())
