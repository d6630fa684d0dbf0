"""What is printed reaches the terminal as text, and printing ends no command."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO


def printable(text: str) -> str:
    """Return text in which all but letters, signs, spaces and ends of lines is escaped.

    Names of files and classes come from anywhere, and a terminal obeys control characters.
    """
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else _escaped(letter) for letter in text
    )


class Styled(str):
    """Text that is safe and has a colour: it is written as it is."""


COLOURS = {"bold": 1, "red": 31, "green": 32, "yellow": 33}


def takes_colour(stream: TextIO | None) -> bool:
    """Return whether colour may be written: to a terminal, unless $NO_COLOR is set."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and stream is not None and stream.isatty()


def styled(text: str, colour: str, stream: TextIO | None) -> str:
    """Return text in a colour, printable, if the stream that it is for takes colour."""
    if not takes_colour(stream):
        return text
    return Styled(f"\x1b[{COLOURS[colour]}m{printable(text)}\x1b[0m")


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode()


class _Patient:
    """A text stream that goes on when nobody reads it, or when it does not know a letter.

    Parameters
    ----------
    escapes : bool
        Whether what is written is to be `printable`; a progress bar is not.
    """

    def __init__(self, stream: TextIO, escapes: bool) -> None:
        self.stream = stream
        self.escapes = escapes

    def write(self, text: str) -> int:
        encoding = self.stream.encoding or "utf-8"
        known = text.encode(encoding, "backslashreplace").decode(encoding)
        with self._broken_pipes_ignored():
            escapes = self.escapes and not isinstance(text, Styled)
            self.stream.write(printable(known) if escapes else known)
        return len(text)

    def flush(self) -> None:
        with self._broken_pipes_ignored():
            self.stream.flush()

    @contextmanager
    def _broken_pipes_ignored(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            # What is left in the buffer, too, goes nowhere: Python would try again at the end.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())
            os.close(nowhere)
            if not isinstance(error, BrokenPipeError):
                raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def patient_streams() -> Iterator[None]:
    """Print through streams that escape control characters and outlive their readers.

    A training whose output goes to `head` trains on when `head` has seen enough.
    """
    with ExitStack() as stack:
        for stream, redirect, escapes in (
            (sys.stdout, redirect_stdout, True),
            (sys.stderr, redirect_stderr, False),
        ):
            if stream is not None:  # it is closed
                patient: Any = _Patient(stream, escapes)
                stack.enter_context(redirect(patient))
                stack.callback(patient.flush)
        yield
