"""Memory of large arrays is used again, and never while anybody can still see it."""

import threading

import numpy as np
import pytest

from minifcn.functional.fast import recycle
from minifcn.functional.fast.recycle import SMALLEST, recycled, recycled_zeros

pytestmark = pytest.mark.host


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch):
    monkeypatch.setattr(recycle, "_kept", [])
    monkeypatch.setattr(recycle, "_used", {"now": 0, "most": 0})


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def test_it_is_an_ordinary_array():
    array = recycled(np, (3, SMALLEST // 8), np.float64)
    assert type(array) is np.ndarray
    assert array.shape == (3, SMALLEST // 8) and array.dtype == np.float64
    assert array.flags.c_contiguous and array.flags.writeable and array.flags.aligned


def test_the_memory_of_an_array_that_is_gone_is_used_again():
    first = recycled(np, (SMALLEST,), np.float32)
    place = address(first)
    del first
    assert address(recycled(np, (4, SMALLEST // 5), np.float32)) == place


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a[5:],
        lambda a: a.reshape(2, -1)[1:, 3:].T,
        lambda a: a.view(np.int32)[::2],
        lambda a: np.lib.stride_tricks.as_strided(a, (4,), (4,)),
        lambda a: np.broadcast_to(a, (3, a.size)),
        memoryview,
    ],
    ids=["slice", "reshape", "view", "as_strided", "broadcast", "memoryview"],
)
def test_a_view_keeps_the_memory(view):
    first = recycled(np, (SMALLEST,), np.float32)
    place, seen = address(first), view(first)
    del first
    assert address(recycled(np, (SMALLEST,), np.float32)) != place
    del seen
    assert place in [address(piece.block) for piece in recycle._kept]


def test_smaller_arrays_lie_side_by_side_in_the_memory_of_a_larger_one():
    first = recycled(np, (4 * SMALLEST,), np.uint8)
    place = address(first)
    del first
    parts = [recycled(np, (2 * SMALLEST - 7,), np.uint8) for _ in range(2)]
    assert [address(part) - place for part in parts] == [0, 2 * SMALLEST]
    for number, part in enumerate(parts):
        part.fill(number)
    assert [part.min() for part in parts] == [part.max() for part in parts] == [0, 1]
    del part, parts
    assert address(recycled(np, (4 * SMALLEST,), np.uint8)) == place  # one piece again


def test_of_what_is_kept_the_smallest_that_is_enough_is_used():
    large, small = (recycled(np, (n * SMALLEST,), np.uint8) for n in (9, 4))
    place = address(small)
    del large, small
    assert address(recycled(np, (3 * SMALLEST,), np.uint8)) == place


def test_a_block_that_is_partly_in_use_is_not_given_back():
    first = recycled(np, (4 * SMALLEST,), np.uint8)
    del first
    part = recycled(np, (SMALLEST,), np.uint8)
    part.fill(5)
    recycled(np, (64 * SMALLEST,), np.uint8).fill(6)
    recycled(np, (65 * SMALLEST,), np.uint8).fill(7)
    assert (part == 5).all()


def test_small_arrays_are_numpys_own():
    assert recycled(np, (3,), np.float32).base is None


def test_zeros_are_zeros_in_used_memory():
    recycled(np, (SMALLEST,), np.uint8).fill(7)
    assert not recycled_zeros(np, (SMALLEST,), np.uint8).any()


def test_kept_memory_is_bounded_by_what_was_once_in_use():
    for megabytes in (8, 4, 2, 6, 3, 8, 1, 5):  # sizes that do not fit each other's memory
        recycled(np, (megabytes << 20,), np.uint8)
        held = sum(piece.size for piece in recycle._kept)
        assert held <= recycle.HEADROOM * (8 << 20)


def test_threads_do_not_share_memory():
    wrong = []

    def use(number: int) -> None:
        for _ in range(50):
            array = recycled(np, (SMALLEST,), np.uint8)
            array.fill(number)
            if not (array == number).all():
                wrong.append(number)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
