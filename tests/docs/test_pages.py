"""What the pages show is true: their code runs, their commands exist, their links lead somewhere.

Every block marked `python` is run, in the order of the page and with what the blocks before it have
defined, in an empty folder: with its answers where it is written with `>>>`. Commands in blocks
marked `sh` are given to their parser, and go no further. A block that cannot be run everywhere says
so in the page's source, in a line before it: `<!-- not run: needs a GPU -->`.
"""

import argparse
import doctest
import os
import re
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from helpers.commands import is_understood, parser_of
from helpers.pages import (
    INLINE,
    PAGES,
    ROOT,
    blocks,
    headings,
    name,
    our_command,
    prose,
    shell_commands,
    targets,
)

from minifcn.__main__ import COMMANDS

# Pages whose blocks are run in a copy of the repository, because they change it or take it all.
RUN_ELSEWHERE = {
    "README.md": "tests/run_readme.py",
    "docs/contributing.md": "tests/project/test_contributing.py",
    "CONTRIBUTING.md": ".ci/run",
}
NOT_RUN_AT_MOST = 5
DOCTEST_OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def pages_with(*languages: str) -> list[Path]:
    """Return the pages that have blocks of some languages which are to be tried here."""
    return [
        page
        for page in PAGES
        if name(page) not in RUN_ELSEWHERE
        and any(block.language in languages for block in blocks(page.read_text(encoding="utf-8")))
    ]


@pytest.fixture
def environment() -> Iterator[None]:
    """The environment, as it was before once the test is over."""
    with mock.patch.dict(os.environ):
        yield


@pytest.mark.parametrize("page", pages_with("python"), ids=name)
def test_code_runs_and_answers_as_shown(page, tmp_path, monkeypatch, environment, capsys):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": page.stem}
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language != "python" or block.reason:
            continue
        if block.text.lstrip().startswith(">>>"):
            run_doctest(block.text, names, page, block.line)
        else:
            lines = "\n" * (block.line - 1)  # so that an error tells the line of the page
            exec(compile(lines + block.text, name(page), "exec", dont_inherit=True), names)


def run_doctest(text: str, names: dict, page: Path, line: int) -> None:
    """Run a block in the form of a session; fail with what was expected and what came."""
    test = doctest.DocTestParser().get_doctest(text, names, name(page), name(page), line - 1)
    test.globs = names  # not a copy: what is defined here is there for the blocks below
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=DOCTEST_OPTIONS).run(
        test, out=said.append, clear_globs=False
    )
    assert result.failed == 0, "".join(said)


@pytest.mark.parametrize("page", pages_with("sh", "bash", "console"), ids=name)
def test_commands_in_blocks_are_understood(page):
    variables: dict[str, str] = {}
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language == "python":
            continue
        assert block.language not in ("bash", "console"), f"line {block.line}: call it sh"
        if block.language == "sh":
            for words in shell_commands(block.text, variables):
                check_command(words, block.line)


def check_command(words: list[str], line: int) -> None:
    """Parse a command of ours; of others, see that the file or target they name exists."""
    if found := our_command(words):
        command, arguments = found
        assert command in COMMANDS, f"line {line}: there is no command {command!r}"
        assert is_understood(parser_of(command), arguments), f"line {line}: {' '.join(words)}"
    elif words[:1] == ["make"]:
        goals = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M)
        assert set(filter(re.compile(r"[\w-]+").fullmatch, words[1:])) <= set(goals), line
    elif words[:1] == ["python"] and words[1].endswith(".py"):
        assert (ROOT / words[1]).is_file(), f"line {line}: there is no {words[1]}"


def options(parser: argparse.ArgumentParser) -> set[str]:
    """Return the options of a parser and of all below it."""
    below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    found = set(parser._option_string_actions)
    return found.union(*(options(child) for action in below for child in action.choices.values()))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_stand_in_blocks_that_are_marked(page):
    text = prose(page.read_text(encoding="utf-8"))
    assert not re.findall(r"^ {4,}(?:python|pip|make|mpirun|minifcn) .*", text, re.M)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_in_the_text_have_these_options(page):
    for quoted in INLINE.findall(prose(page.read_text(encoding="utf-8"))):
        if found := our_command(quoted.split()):
            command, arguments = found
            if not re.fullmatch("[a-z]+", command):
                continue  # COMMAND, or ...
            assert command in COMMANDS, quoted
            given = {word.partition("=")[0] for word in arguments if word.startswith("--")}
            assert given <= options(parser_of(command)), quoted


def test_few_blocks_are_not_run():
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES}
    left_out = [
        f"{name(p)}: {b.reason}" for p, text in texts.items() for b in blocks(text) if b.reason
    ]
    assert len(left_out) <= NOT_RUN_AT_MOST, left_out
    marks = sum(text.count("<!-- not run") for text in texts.values())
    assert marks == len(left_out), "a mark stands right before its block and says the reason"


@pytest.mark.parametrize(("page", "where"), RUN_ELSEWHERE.items())
def test_pages_that_are_run_elsewhere_are(page, where):
    assert (ROOT / page).is_file()
    text = (ROOT / where).read_text(encoding="utf-8")
    assert Path(page).name in text or where == ".ci/run"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    missing = []
    for target in targets(text):
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        if not file.exists() or (anchor and not has_anchor(file, anchor)):
            missing.append(target)
    assert not missing


def has_anchor(file: Path, anchor: str) -> bool:
    """Say whether a page has a heading, or another file a line, of this name."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".md":
        return anchor in headings(text)
    last = re.fullmatch(r"L(?:\d+-L)?(\d+)", anchor)
    return bool(last) and 1 <= int(last[1]) <= len(text.splitlines())
