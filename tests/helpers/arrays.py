"""What the tests of readers and writers expect of arrays."""

import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np


def assert_bits_equal(found: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> None:
    """Expect the same names in the same order, each with the same type, shape and bits."""
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape), name
        assert found[name].tobytes() == array.tobytes(), name


@contextmanager
def taking_less_than(memory: int) -> Iterator[None]:
    """Expect that less than so many bytes are allocated at a time while the block runs."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < memory
    finally:
        tracemalloc.stop()
