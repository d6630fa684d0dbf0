"""What something takes on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable


def milliseconds(compute: Callable[[], object], repeated: int = 3) -> float:
    """Return the least of what a function takes, called a few times."""
    taken = []
    for _ in range(repeated):
        started = time.perf_counter()
        compute()
        taken.append(1000 * (time.perf_counter() - started))
    return min(taken)
