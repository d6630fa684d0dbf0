"""The ground floor: array modules and threads."""

import threading
import time
from io import StringIO
from itertools import chain

import numpy as np
import pytest

from minifcn import backend
from minifcn.backend import (
    array_module,
    available_threads,
    cut,
    get_threads,
    parallel_map,
    to_device,
    to_host,
)


def test_arrays_belong_to_their_modules(device):
    x, there = np.ones(3), to_device(np.arange(3), device)
    assert array_module() is array_module(x, np.float32(1)) is np
    assert array_module(x, there) is device
    assert to_host(there).tolist() == [0, 1, 2]
    assert to_host(x) is x and to_device(x, np) is x


def test_threads_are_at_least_one_and_at_most_the_processors(threads):
    threads(0)
    assert 1 <= get_threads() == available_threads()
    threads(3)
    assert get_threads() == 3
    with pytest.raises(ValueError, match="at least 0, not -1"):
        threads(-1)


@pytest.mark.parametrize(("limit", "expected"), [("100000 100000", 1), ("max 100000", 7)])
def test_a_container_may_use_less_than_all_processors(monkeypatch, limit, expected):
    monkeypatch.setattr(backend.os, "sched_getaffinity", lambda _: set(range(7)), raising=False)
    monkeypatch.setattr(backend, "open", lambda _: StringIO(limit), raising=False)
    assert available_threads() == expected


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_results_come_in_the_order_of_the_items(threads, count):
    threads(count)

    def slow_at_first(n: int) -> int:
        time.sleep(0.005 * (4 - n))
        return n * n

    assert parallel_map(np, slow_at_first, range(5)) == [0, 1, 4, 9, 16]


@pytest.mark.parametrize(("size", "count"), [(0, 1), (7, 1), (7, 3), (8, 4), (3, 5)])
def test_a_range_is_cut_into_nearly_equal_parts(size, count):
    parts = [range(size)[part] for part in cut(size, count)]
    assert list(chain(*parts)) == list(range(size)) and len(parts) == count
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_items_are_computed_at_the_same_time(threads):
    threads(2)
    meeting = threading.Barrier(2, timeout=10)  # broken if one waits for the other's end
    assert len(parallel_map(np, lambda _: meeting.wait(), range(2))) == 2


def test_a_nested_call_stays_in_its_thread(threads):
    threads(2)

    def inner(_: int) -> int:
        return threading.get_ident()

    def outer(_: int) -> bool:
        return set(parallel_map(np, inner, range(3))) == {threading.get_ident()}

    assert parallel_map(np, outer, range(4)) == [True] * 4


def test_one_thread_or_one_item_needs_no_pool(threads):
    here = [threading.get_ident()]
    threads(1)
    assert parallel_map(np, lambda _: threading.get_ident(), range(3)) == here * 3
    threads(2)
    assert parallel_map(np, lambda _: threading.get_ident(), range(1)) == here
    assert parallel_map(np, lambda _: threading.get_ident(), []) == []


def test_an_error_in_a_thread_reaches_the_caller(threads):
    threads(2)

    def fail(n: int) -> None:
        raise ValueError(f"item {n}")

    with pytest.raises(ValueError, match="item 0"):
        parallel_map(np, fail, range(3))
