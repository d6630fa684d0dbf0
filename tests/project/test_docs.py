"""What the documents point at exists."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("weights/*.md")])
LINK = re.compile(r"\]\((?!\w+:|#)([^)#]+)")
QUOTED = re.compile(r"`([^`]+)`")


@cache
def names_in(file: Path) -> set[str]:
    """Return the names that a file defines: those of its top level and of its classes."""
    names: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        own = [name for child in getattr(node, "body", []) for name in defined(child)]
        for name in defined(node):
            names |= {name, *(f"{name}.{member}" for member in own)}
    return names


def defined(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for name in (name for target in targets for name in ast.walk(target)):
            if isinstance(name, ast.Name):
                yield name.id


def references(text: str) -> Iterator[tuple[str, str]]:
    """Yield each (file, name) of the last column of a document's tables; the name may be empty."""
    for line in text.splitlines():
        if not line.startswith("|"):
            continue
        file = ""
        for quoted in QUOTED.findall(line.rstrip("| ").rpartition("|")[2]):
            if "/" in quoted:
                file = quoted
                yield file, ""
            elif file:
                yield file, quoted


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: str(d.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    targets = LINK.findall(document.read_text(encoding="utf-8"))
    assert not [target for target in targets if not (document.parent / target).exists()]


@pytest.mark.parametrize(("page", "least"), [("paper-to-code", 50), ("trust", 40)])
def test_every_file_and_name_in_the_tables_exists(page, least):
    found = list(references((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")))
    assert len(found) > least
    missing = [
        f"{file} {name}"
        for file, name in found
        if not (ROOT / file).is_file() or (name and name not in names_in(ROOT / file))
    ]
    assert not missing


def test_every_promise_of_trust_names_a_test():
    text = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
    rows = [row for row in text.splitlines() if row.startswith("| ") and "`tests/" in row]
    assert len(rows) > 15
    for row in rows:
        file, *tests = QUOTED.findall(row.rstrip("| ").rpartition("|")[2])
        assert file.startswith("tests/") and tests, row
        assert all(test.startswith("test_") or test.startswith("tests/") for test in tests), row
