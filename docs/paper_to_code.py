"""Give every file and name in the last column of a table a link to its line.

    python docs/paper_to_code.py            write the links
    python docs/paper_to_code.py --check    say which are out of date, and change nothing

The tables are those of paper-to-code.md and of the pages of the ideas. A file is written as
`minifcn/net/net.py`, and what is in it behind it: `Net`, `Net.forward`. A table whose last column
names no file is left alone.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "docs" / "paper-to-code.md", *sorted((ROOT / "docs" / "ideas").glob("*.md")))
LINK = re.compile(r"\[(`[^`]+`)\]\([^)]*\)")
QUOTED = re.compile(r"`([^`]+)`")


def main() -> int:
    """Run the script; return 1 if links were out of date or lead nowhere."""
    outdated = []
    for page in PAGES:
        old = page.read_text(encoding="utf-8")
        new = linked(old, page)
        lines = zip(old.splitlines(), new.splitlines(), strict=True)
        outdated += [f"{page.name}: {before}" for before, after in lines if before != after]
        if "--check" not in sys.argv and new != old:
            page.write_text(new, encoding="utf-8")
    if "--check" not in sys.argv:
        return 0
    print("\n".join([f"out of date, run `python {sys.argv[0]}`:", *outdated]) if outdated else "ok")
    return 1 if outdated else 0


def linked(text: str, page: Path) -> str:
    """Return a page with links, whether it had them before or not."""
    root = os.path.relpath(ROOT, page.parent).replace(os.sep, "/")
    return "".join(_linked_row(row, root) for row in text.splitlines(keepends=True))


def references(text: str) -> Iterator[tuple[str, str]]:
    """Yield each (file, name) of the last column of a page's tables; the name may be empty."""
    for row in text.splitlines():
        yield from _references(_last_column(LINK.sub(r"\1", row)))


def _references(column: str) -> Iterator[tuple[str, str]]:
    """Yield (file, name) of each quoted text; nothing, if the first one is no file."""
    file = ""
    for quoted in QUOTED.findall(column):
        file, name = (quoted, "") if quoted.endswith(".py") else (file, quoted)
        if not file:
            return
        yield file, name


def _last_column(row: str) -> str:
    return row.rstrip("| \n").rpartition("|")[2] if row.startswith("|") else ""


def _linked_row(row: str, root: str) -> str:
    column = _last_column(LINK.sub(r"\1", row))
    found = list(_references(column))
    if not found:
        return row
    head, _, tail = LINK.sub(r"\1", row).rpartition(column)
    anchors = [f"#L{line_of(file, name)}" if name else "" for file, name in found]
    targets = [f"{root}/{file}{anchor}" for (file, _), anchor in zip(found, anchors, strict=True)]
    pieces = QUOTED.split(column)  # text, quoted, text, quoted, ... text
    for place, target in zip(range(1, len(pieces), 2), targets, strict=True):
        pieces[place] = f"[`{pieces[place]}`]({target})"
    return head + "".join(pieces) + tail


@cache
def lines_of(file: str) -> dict[str, int]:
    """Return the names that a file defines, at its top level and in its classes, and their lines.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    """
    lines: dict[str, int] = {}
    for node in ast.parse((ROOT / file).read_text(encoding="utf-8")).body:
        for name in _defined(node):
            lines[name] = node.lineno
            for child in getattr(node, "body", []):
                lines |= {f"{name}.{member}": child.lineno for member in _defined(child)}
    return lines


def line_of(file: str, name: str) -> int:
    """Return the line at which a file defines a name.

    Raises
    ------
    KeyError
        If it does not.
    """
    if name not in lines_of(file):
        raise KeyError(f"{file} defines no {name}")
    return lines_of(file)[name]


def _defined(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for name in (name for target in targets for name in ast.walk(target)):
            if isinstance(name, ast.Name):
                yield name.id


if __name__ == "__main__":
    sys.exit(main())
