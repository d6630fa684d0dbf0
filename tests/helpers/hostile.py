"""What the tests of every reader do to files, and what they expect of it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers.arrays import taking_less_than

from minifcn.data.dataset import DataError
from minifcn.weights.store import WeightsError

TENTHS = range(10)
REFUSALS = (WeightsError, DataError)

Reader = Callable[[Path], object]


def truncate(path: Path, tenths: int) -> None:
    """Cut a file to some tenths of its length."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * tenths // 10])


def assert_refused(
    read: Reader, path: Path, message: str = "", *, memory: int = 16 << 20, seconds: float = 5
) -> None:
    """Expect one clear error that names the file, soon, in little memory, and nothing written."""
    before = sorted(path.parent.rglob("*"))
    start = time.process_time()
    words = f"(?s){path.name}.*{message}"
    with taking_less_than(memory), pytest.raises(REFUSALS, match=words) as caught:
        read(path)
    assert time.process_time() - start < seconds
    assert len(str(caught.value)) < 600
    assert "\n" not in str(caught.value)
    assert sorted(path.parent.rglob("*")) == before


def assert_read_or_refused(read: Reader, path: Path) -> None:
    """Expect arrays whose numbers can be read, or an error that says why there are none."""
    try:
        arrays = read(path).arrays
    except REFUSALS:
        return
    for array in arrays.values():
        array.tobytes()


def damaged_copies(content: bytes, count: int) -> Iterator[bytes]:
    """Yield copies with one to four bytes replaced, the same every time.

    Half of the places are in the first kilobyte, where most formats describe the rest.
    """
    rng = np.random.default_rng(0)
    for _ in range(count):
        damaged = bytearray(content)
        reach = len(content) if rng.random() < 0.5 else min(len(content), 1024)
        for place in rng.integers(reach, size=rng.integers(1, 5)):
            damaged[place] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, int(rng.integers(256))])
        yield bytes(damaged)
