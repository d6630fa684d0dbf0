"""Working memory: kept by thread and name."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from minifcn.functional.fast.scratch import scratch

pytestmark = pytest.mark.host


def test_the_memory_of_a_name_is_used_again_also_for_less_and_for_other_types():
    large = scratch(np, "again", (5, 7), np.float64)
    small = scratch(np, "again", (3, 4), np.float32)
    assert np.shares_memory(large, small)
    assert (small.shape, small.dtype) == ((3, 4), np.float32)
    assert small.flags.c_contiguous and small.flags.writeable


def test_it_grows():
    assert scratch(np, "grows", (2,), "f4").shape == (2,)
    assert scratch(np, "grows", (1000, 3), "f8").shape == (1000, 3)


def test_names_and_threads_do_not_share():
    first = scratch(np, "first", (10,), "f4")
    assert not np.shares_memory(first, scratch(np, "second", (10,), "f4"))
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(scratch, np, "first", (10,), "f4").result()
    assert not np.shares_memory(first, other)
