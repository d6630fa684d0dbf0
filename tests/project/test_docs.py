"""What the tables of the documents point at exists."""

import ast
import re

import paper_to_code
import pytest
from helpers.commands import is_understood, parser_of
from helpers.pages import INLINE, ROOT, blocks, name, our_command, shell_commands, targets

IDEAS = sorted((ROOT / "docs" / "ideas").glob("[0-9]*.md"))


@pytest.mark.parametrize(("page", "least"), [("paper-to-code", 50), ("trust", 40)])
def test_every_file_and_name_in_the_tables_exists(page, least):
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    found = list(paper_to_code.references(text))
    assert len(found) > least
    missing = [
        f"{file} {name}"
        for file, name in found
        if not (ROOT / file).is_file() or (name and name not in paper_to_code.lines_of(file))
    ]
    assert not missing


def test_every_line_that_is_linked_to_is_right():
    texts = {page: page.read_text(encoding="utf-8") for page in paper_to_code.PAGES}
    outdated = [page for page, text in texts.items() if paper_to_code.linked(text, page) != text]
    assert not outdated, "run `python docs/paper_to_code.py`"


def test_what_is_linked_to_is_called():
    named = {
        name.rpartition(".")[2]
        for page in paper_to_code.PAGES
        for file, name in paper_to_code.references(page.read_text(encoding="utf-8"))
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


def rows_of_the_paper() -> dict[str, list[str]]:
    """Return the rows of sections, equations, tables and figures in paper-to-code.md."""
    text = (ROOT / "docs" / "paper-to-code.md").read_text(encoding="utf-8")
    rows = {}
    for heading in ("Sections", "Equations", "Tables", "Figures"):
        part = re.split("^## ", text.partition(f"\n## {heading}\n")[2], flags=re.M)[0]
        rows[heading] = [row for row in part.splitlines() if row.startswith("| ")][2:]
    return rows


def test_the_paper_has_all_its_rows():
    firsts = {
        heading: [row.strip("| ").split(" ")[0] for row in rows]
        for heading, rows in rows_of_the_paper().items()
    }
    assert set(firsts["Sections"]) == {
        *("1", "2", "3", "3.1", "3.2", "3.3", "3.4", "4.1", "4.2", "4.3", "5", "6", "A", "B")
    }
    assert len(firsts["Equations"]) == 8
    assert firsts["Tables"] == ["1", "2", "3", "4", "5", "6", "unnumbered"]
    assert firsts["Figures"] == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.parametrize(
    "row",
    [row for rows in rows_of_the_paper().values() for row in rows],
    ids=lambda row: row[2:30].strip(),
)
def test_what_the_paper_says_leads_to_a_page_a_line_and_a_command(row):
    *_, read, where = row.strip("| ").split(" | ")
    pages = [target.partition("#")[0] for target in targets(read)]
    assert pages and all((ROOT / "docs" / page).is_file() for page in pages)
    assert re.search(r"\.py#L\d+", where)
    commands = [command for text in INLINE.findall(read) for command in shell_commands(text, {})]
    assert commands
    for words in commands:
        command, arguments = our_command(words)
        assert is_understood(parser_of(command), arguments), words


def test_each_idea_has_a_line_in_the_contents():
    contents = (ROOT / "docs" / "ideas" / "README.md").read_text(encoding="utf-8")
    assert [target for target in targets(contents) if "/" not in target] == [p.name for p in IDEAS]


@pytest.mark.parametrize("page", IDEAS, ids=name)
def test_each_idea_is_told_shown_found_and_tried(page):
    text = page.read_text(encoding="utf-8")
    assert "\n**In the paper:** " in text
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings[0] == "## The idea"
    assert headings[-4:] == ["## In the code", "## Try it", "## What surprises", "## Questions"]
    parts = dict(zip(headings, re.split(r"^## .*$", text, flags=re.M)[1:], strict=True))
    assert any(".py#L" in target for target in targets(parts["## In the code"]))
    assert parts["## Questions"].count("<details") == 2
    assert any(target.startswith("../images/") for target in targets(text))
    assert any(block.language == "python" for block in blocks(text))
    tried = [block for block in blocks(parts["## Try it"]) if block.language == "sh"]
    assert any(our_command(words) for b in tried for words in shell_commands(b.text, {}))


def test_every_promise_of_trust_names_a_test():
    text = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
    rows = [row for row in text.splitlines() if row.startswith("| ") and "`tests/" in row]
    assert len(rows) > 15
    for row in rows:
        file, *tests = INLINE.findall(row.rstrip("| ").rpartition("|")[2])
        assert file.startswith("tests/") and tests, row
        assert all(test.startswith("test_") or test.startswith("tests/") for test in tests), row
