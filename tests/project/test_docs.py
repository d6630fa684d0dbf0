"""What the tables of the documents point at exists."""

import ast
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
QUOTED = re.compile(r"`([^`]+)`")


@pytest.fixture(scope="module")
def paper_to_code() -> ModuleType:
    """The script that links the page of that name, as a module."""
    spec = spec_from_file_location("paper_to_code", ROOT / "docs" / "paper_to_code.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("page", "least"), [("paper-to-code", 50), ("trust", 40)])
def test_every_file_and_name_in_the_tables_exists(page, least, paper_to_code):
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    found = list(paper_to_code.references(text))
    assert len(found) > least
    missing = [
        f"{file} {name}"
        for file, name in found
        if not (ROOT / file).is_file() or (name and name not in paper_to_code.lines_of(file))
    ]
    assert not missing


def test_every_line_in_paper_to_code_is_right(paper_to_code):
    page = paper_to_code.PAGE.read_text(encoding="utf-8")
    assert paper_to_code.linked(page) == page, "run `python docs/paper_to_code.py`"


def test_what_paper_to_code_names_is_called(paper_to_code):
    page = paper_to_code.PAGE.read_text(encoding="utf-8")
    named = {
        name.rpartition(".")[2]
        for file, name in paper_to_code.references(page)
        if file.startswith("minifcn/") and name != "main"  # commands are called by their users
    }
    assert not named - names_used()


def names_used() -> set[str]:
    """Return the names that the package reads, or imports by a text such as "module:NAME"."""
    used: set[str] = set()
    for file in (ROOT / "minifcn").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                used.add(node.id)
            elif isinstance(node, ast.Attribute):
                used.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                used.add(node.value.rpartition(":")[2])
    return used


def test_every_promise_of_trust_names_a_test():
    text = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
    rows = [row for row in text.splitlines() if row.startswith("| ") and "`tests/" in row]
    assert len(rows) > 15
    for row in rows:
        file, *tests = QUOTED.findall(row.rstrip("| ").rpartition("|")[2])
        assert file.startswith("tests/") and tests, row
        assert all(test.startswith("test_") or test.startswith("tests/") for test in tests), row
