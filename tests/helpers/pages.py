"""The Markdown pages of the project, taken apart: blocks of code, commands, headings, links."""

import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("*.md", "docs/**/*.md", "weights/*.md", "benchmarks/*.md")
PAGES = sorted(page for place in PLACES for page in ROOT.glob(place))

# A block of code, and the comment in the page's source by which it is not run.
BLOCK = re.compile(
    r"^(?:(?P<indent> *)<!-- not run: (?P<reason>[^\n]+) -->\n\s*)?"
    r"^(?P<margin> *)```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=margin)```$",
    re.M | re.S,
)
INLINE = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.M)
NAMED = re.compile(r"<[^>]+\b(?:id|name)=\"([^\"]+)\"")
TARGET = re.compile(
    r"\]\(<?([^)>\s]+)>?(?: \"[^\"]*\")?\)"  # [text](target "title"), ![text](target)
    r"|^\[[^\]]+\]: +(\S+)"  # [name]: target
    r"|<[^>]+\b(?:href|src|srcset)=\"([^\"\s]+)[^\"]*\"",
    re.M,
)
ASSIGNMENT = re.compile(r"(\w+)=(.*)", re.S)


class Block(NamedTuple):
    """A block of code in a page; `reason` says why it is not run, if it is not."""

    language: str
    text: str
    line: int
    reason: str | None


def name(page: Path) -> str:
    """Return what a page is called in messages: its path in the project."""
    return page.relative_to(ROOT).as_posix()


def blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a page; `line` is that of their first line, from 1."""
    for found in BLOCK.finditer(text):
        line = text.count("\n", 0, found.start("text")) + 1
        code = textwrap.dedent(found["text"]) if found["margin"] else found["text"]
        yield Block(found["language"], code, line, found["reason"])


def prose(text: str) -> str:
    """Return a page without its blocks of code."""
    return BLOCK.sub("", text)


def headings(text: str) -> set[str]:
    """Return the anchors of a page, as a code host makes them of its headings."""
    anchors: dict[str, int] = {}
    for title in HEADING.findall(prose(text)):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()
        slug = re.sub(r"[^\w\- ]", "", shown).strip().replace(" ", "-")
        anchors[slug] = anchors.get(slug, -1) + 1
    numbered = {f"{slug}-{n}" for slug, last in anchors.items() for n in range(1, last + 1)}
    return set(anchors) | numbered | set(NAMED.findall(text))


def targets(text: str) -> list[str]:
    """Return what a page links to or shows, without addresses of the Web."""
    without_code = INLINE.sub("", prose(text))
    found = [next(filter(None, groups)) for groups in TARGET.findall(without_code)]
    return [target for target in found if not re.match(r"\w+:", target)]


def shell_commands(text: str, variables: dict[str, str]) -> Iterator[list[str]]:
    """Yield the simple commands of a shell block, as words; assignments go to `variables`."""
    for line in text.replace("\\\n", " ").splitlines():
        line = re.sub(r"\$\{?(\w+)\}?", lambda m: variables.get(m[1], m[0]), line)
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        command: list[str] = []
        for word in lexer:
            if word and set(word) <= set("();<>|&"):
                yield command
                command = []
            elif not command and (assigned := ASSIGNMENT.fullmatch(word)):
                variables[assigned[1]] = assigned[2]
            else:
                command.append(word)
        yield command


def our_command(words: list[str]) -> tuple[str, list[str]] | None:
    """Return which command of ours is called and its arguments, or None."""
    for place, word in enumerate(words):
        if place >= 2 and words[place - 1] == "-m" and word.startswith("minifcn."):
            return word.partition(".")[2], words[place + 1 :]
        if word == "minifcn" and place + 1 < len(words) and "-m" not in words[:place]:
            return words[place + 1], words[place + 2 :]
    return None
