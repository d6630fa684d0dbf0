"""Text from files that anybody may have made, on its way to a terminal."""

from __future__ import annotations

_LONGEST = 1000  # characters of a message


def printable(text: str) -> str:
    """Return a message without control characters, which can steer a terminal, and not too long.

    Each of them becomes "?". What is left out is in the middle: a message begins with what is wrong
    and ends with what to do.
    """
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]} ... {text[-_LONGEST // 3 :]}"
    return "".join(letter if letter.isprintable() else "?" for letter in text)
