"""What the commands have in common before they do anything: their parsers, their help."""

from __future__ import annotations

import argparse
import difflib
import itertools
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

DOCS = "https://github.com/minifcn/minifcn/blob/main/docs"  # a wheel has none of these pages
WIDEST = 100  # characters of a line of help


class CommandParser(argparse.ArgumentParser):
    """A parser whose help begins with what the command does, and whose errors are a sentence."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**{"formatter_class": _HelpFormatter, **how})

    def format_help(self) -> str:
        """Return the help: the description first, then how the command is given."""
        said, self.description = self.description, None
        try:
            return (f"{_broken_anew(said)}\n\n" if said else "") + super().format_help()
        finally:
            self.description = said

    def add_subparsers(self, **how: Any) -> Any:
        """Return what parsers of further names are added to; they begin with this one's name."""
        return super().add_subparsers(**{"prog": self.prog, **how})

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Return what the arguments say, and those that mean nothing.

        A misspelt option is told of before its value is taken for something else.
        """
        args = sys.argv[1:] if args is None else list(args)
        known = self._option_string_actions
        for given in itertools.takewhile(lambda word: word != "--", args):
            name = given.partition("=")[0]
            unknown = name.startswith("--") and not any(one.startswith(name) for one in known)
            if unknown and self._subparsers is None:  # whose options come later
                self.error(f"no option {name}{did_you_mean(name, known)}")
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """End the program with the message, in a line."""
        for kind, words in (("int", "a whole number"), ("float", "a number")):
            message = message.replace(f"invalid {kind} value:", f"must be {words}, not")
        self.exit(2, f"error: {message}\n({self.prog} --help tells what there is)\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        names = [str(choice) for choice in action.choices]
        hint = did_you_mean(str(value), names) or f"; choose {', '.join(names)}"
        if action.option_strings:
            raise argparse.ArgumentError(action, f"there is no {value!r}{hint}")
        self.error(f"no {str(action.metavar or action.dest).lower()} {value!r}{hint}")


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Shows how a command is given in one line; the options have theirs below."""

    def __init__(self, prog: str, **how: Any) -> None:
        super().__init__(f"{prog} [options]", max_help_position=26, width=_width(), **how)

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        """Add the line: what has to be given, and the place of the options."""
        needed = [one for one in actions if one.required or not one.option_strings]
        super().add_usage(usage, needed, [], prefix)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return _lines(" ".join(text.split()), width)


def _width() -> int:
    return min(WIDEST, shutil.get_terminal_size().columns - 2)


def _lines(text: str, width: int, hanging: str = "") -> list[str]:
    """Break a text between its words only, so that addresses and options can be copied."""
    return textwrap.wrap(
        text, width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    )


def _broken_anew(description: str) -> str:
    """Return a description as wide as the help.

    A line joins the paragraph before it. One that is indented by two spaces is a command or the
    entry of a list, which one that is indented further continues below its second column. Where
    that is too far to the right, what is said of a command stands below it, so that the command
    can be copied.
    """
    parts = [""]
    for line in description.splitlines():
        words, entry = line.strip(), re.match(r"  \S", line)
        if words and parts[-1] and not entry:
            parts[-1] += f" {words}"
        else:
            parts.append(line)
    lines: list[str] = []
    for part in parts:
        column = re.match(r"  \S.*?  +(?=\S)", part)
        below = column.end() if column else 4
        if column and len(part) > _width() and below > _width() // 2:
            lines.append(column[0].rstrip())
            part, below = f"      {part[below:]}", 6
        lines += _lines(part, _width(), " " * below * part[:1].isspace())
        lines += [] if part else [""]
    return "\n".join(lines).strip()


def command_parser(name: str, description: str) -> CommandParser:
    """Return the parser of a command, with its description.

    It speaks of commands as the user has typed this one, `minifcn NAME` or `python -m
    minifcn.NAME`; descriptions are written with the latter.
    """
    if called_by_name():
        description = description.replace("python -m minifcn.", "minifcn ")
    return CommandParser(prog=typed(name), description=description)


def called_by_name() -> bool:
    """Return whether the user has typed `minifcn`, which need not be on a path."""
    return Path(sys.argv[0]).stem == "minifcn"


def typed(name: str) -> str:
    """Return how a command is typed by the user of this process."""
    return f"minifcn {name}" if called_by_name() else f"python -m minifcn.{name}"


def did_you_mean(word: str, known: Iterable[str], most: int = 1, cutoff: float = 0.6) -> str:
    """Return the end of a sentence that offers the known words most like another; "" if none is."""
    similar = difflib.get_close_matches(word, list(known), most, cutoff)
    return f"; did you mean {' or '.join(similar)}?" if similar else ""
