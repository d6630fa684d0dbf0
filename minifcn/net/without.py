"""A block in which the executor goes without an optimisation: what the tests compare with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_left_out: list[str] = []


@contextmanager
def without(name: str) -> Iterator[None]:
    """Run nets without an optimisation in a block; blocks may lie in one another."""
    _left_out.append(name)
    try:
        yield
    finally:
        _left_out.remove(name)


def is_used(name: str) -> bool:
    """Return whether an optimisation is used, which it is but for blocks `without` it."""
    return name not in _left_out
