"""What something takes on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def timed(compute: Callable[[], Value], repeated: int = 3) -> tuple[float, Value]:
    """Return the least milliseconds of a few calls of a function, and what it returns."""
    taken = []
    for _ in range(repeated):
        started = time.perf_counter()
        value = compute()
        taken.append(1000 * (time.perf_counter() - started))
    return min(taken), value
