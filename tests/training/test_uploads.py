"""Uploads: one of each array, one batch ahead, and right whichever of the streams is the slower."""

from __future__ import annotations

import ctypes
import weakref
from collections import defaultdict
from collections.abc import Callable, Generator
from functools import partial
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest

from minifcn.data.loader import Batch
from minifcn.training.uploads import uploaded

BATCHES, SHAPE = 7, (2, 3)


class Event(NamedTuple):
    """A place in a stream's queue."""

    stream: Stream
    place: int

    @property
    def done(self) -> bool:
        return self.stream.finished >= self.place


class Stream:
    """A queue of work. Whoever is not eager does it when it is waited for, and no earlier."""

    def __init__(self, device: Device, eager: bool) -> None:
        self.device, self.eager = device, eager
        self.queue: list[Callable[[], None] | Event] = []
        self.finished = 0

    def put(self, work: Callable[[], None] | Event) -> None:
        self.queue.append(work)
        self.device.go_on()

    def run(self, until: int, patient: bool = True) -> None:
        """Do the work up to a place; where it has to wait, make the other stream go on, or stop."""
        while self.finished < until:
            work = self.queue[self.finished]
            if isinstance(work, Event) and not work.done:
                if not patient:
                    return
                work.stream.run(work.place)
                continue  # an eager stream may have come past this place meanwhile
            self.finished += 1
            if not isinstance(work, Event):
                work()
            self.device.go_on()

    def record(self) -> Event:
        return Event(self, len(self.queue))

    def wait_event(self, event: Event) -> None:
        self.put(event)

    def synchronize(self) -> None:
        self.device.waits += 1
        self.run(len(self.queue))


class Array:
    """An array in the device's memory, which is used again as soon as the array is dropped."""

    def __init__(self, device: Device, shape: tuple[int, ...], dtype: type) -> None:
        self.device, self.shape, self.dtype = device, shape, np.dtype(dtype)
        size = int(np.prod(shape)) * self.dtype.itemsize
        free = device.free[size]
        self.memory = free.pop() if free else np.zeros(size, np.uint8)
        weakref.finalize(self, free.append, self.memory)

    def set(self, source: np.ndarray, stream: Stream) -> None:
        assert (source.shape, source.dtype) == (self.shape, self.dtype)
        assert isinstance(source.base, ctypes.Array)  # pinned
        self.device.copies += 1
        places = (self.memory.ctypes.data, source.ctypes.data, self.memory.size)
        stream.put(partial(ctypes.memmove, *places))  # reads what is there then


class Device:
    """What uploads use of CuPy, with two streams of which each may be as late as is allowed."""

    def __init__(self, eager: str) -> None:
        self.steps, self.copier = (Stream(self, eager == name) for name in ("steps", "copies"))
        self.free: dict[int, list[np.ndarray]] = defaultdict(list)
        self.free_pinned: dict[int, list[np.ndarray]] = defaultdict(list)
        self.copies = self.waits = 0
        self.cuda = SimpleNamespace(
            Stream=self.new_stream,
            get_current_stream=lambda: self.steps,
            alloc_pinned_memory=self.pinned,
        )

    def new_stream(self, non_blocking: bool) -> Stream:
        assert non_blocking  # the others wait for CUDA's default stream, and it for them
        return self.copier

    def go_on(self) -> None:
        """Let a stream that is eager do what it may."""
        for stream in (self.steps, self.copier):
            if stream.eager:
                stream.eager = False  # not again from within
                stream.run(len(stream.queue), patient=stream is self.steps)
                stream.eager = True

    def empty(self, shape: tuple[int, ...], dtype: type) -> Array:
        return Array(self, shape, dtype)

    def pinned(self, size: int) -> ctypes.Array:
        free = self.free_pinned[size]
        memory = free.pop() if free else np.zeros(size, np.uint8)
        block = (ctypes.c_ubyte * size).from_buffer(memory)
        weakref.finalize(block, free.append, memory)
        return block


class Source:
    """A loader of numbered batches."""

    def __init__(self, count: int = BATCHES) -> None:
        self.count, self.diary, self.closed = count, [], False

    def batches(self) -> Generator[Batch, None, None]:
        try:
            for number in range(self.count):
                self.diary.append(f"read {number}")
                data = np.full(SHAPE, number + 1, np.float32)
                yield Batch([str(number)], {"data": data, "label": data.astype(np.int32)})
        finally:
            self.closed = True


def step(device: Device, batch: Batch, found: list) -> None:
    """Give the stream that computes work with the inputs and with memory of its own."""
    inputs = {name: (array.memory, array.dtype) for name, array in batch.inputs.items()}
    scratch = device.empty(SHAPE, np.float32)

    def write(memory=scratch.memory) -> None:
        memory[:] = 99

    def read(memory=scratch.memory) -> None:
        assert (memory == 99).all()  # nothing was uploaded there meanwhile
        found.append(
            {name: memory.view(dtype).tolist() for name, (memory, dtype) in inputs.items()}
        )

    device.steps.put(write)
    device.steps.put(read)


@pytest.mark.parametrize("eager", ["steps", "copies", "none"])
def test_every_step_reads_its_batch_whichever_stream_is_late(eager):
    device, found = Device(eager), []
    for number, batch in enumerate(uploaded(Source().batches(), device)):
        assert batch.ids == [str(number)]
        assert not device.waits
        step(device, batch, found)
    device.steps.synchronize()
    expected = [[number + 1] * 6 for number in range(BATCHES)]
    assert found == [{"data": numbers, "label": numbers} for numbers in expected]
    assert device.copies == 2 * BATCHES


def test_a_batch_is_sent_before_the_step_of_the_one_before_it():
    device, source = Device("none"), Source(3)
    for batch in uploaded(source.batches(), device):
        source.diary.append(f"step {batch.ids[0]} after {device.copies} copies")
    assert source.diary == [
        "read 0",
        "read 1",
        "step 0 after 4 copies",
        "read 2",
        "step 1 after 6 copies",
        "step 2 after 6 copies",
    ]


def test_pinned_memory_is_used_again():
    device, found = Device("steps"), []
    for batch in uploaded(Source(50).batches(), device):
        step(device, batch, found)
    assert len(device.free_pinned[24]) <= 6  # bytes of an array; three batches of two


def test_closing_ends_the_loader_and_leaves_no_copy_behind():
    device, source = Device("none"), Source()
    loading = source.batches()
    batches = uploaded(loading, device)
    next(batches)
    batches.close()
    assert source.closed
    assert device.copier.finished == len(device.copier.queue)


def test_an_error_of_the_loader_comes_through_and_leaves_no_copy_behind():
    def broken() -> Generator[Batch, None, None]:
        yield from Source(2).batches()
        raise OSError("unreadable")

    device = Device("none")
    batches = uploaded(broken(), device)
    assert next(batches).ids == ["0"]
    with pytest.raises(OSError, match="unreadable"):
        list(batches)
    assert device.copier.finished == len(device.copier.queue)


def test_on_the_host_batches_are_passed_on_as_they_are():
    source, given = Source(), []

    def remembered() -> Generator[Batch, None, None]:
        for batch in source.batches():
            given.append(batch)
            yield batch

    batches = uploaded(remembered(), np)
    assert next(batches) is given[0]
    assert len(given) == 1  # nothing is read ahead that the loader would not
    batches.close()
    assert source.closed
