"""The communicator of several processes, through MPI (mpi4py).

Gradients are summed while the backward pass still runs: they are collected in buckets of some
megabytes, in the order in which they come, and the sum of each bucket over the ranks is started as
soon as it is full. Every rank has the same net, so that the buckets are the same everywhere.

Nothing here has run on a GPU: arrays of CuPy go to MPI as they are where it says that it can take
them, and through the host's memory otherwise.

Source: bucketed, overlapped reduction after Li et al. 2020, "PyTorch Distributed", section 3.2.3.
"""

from __future__ import annotations

import ctypes
import os
import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from minifcn.backend import (
    Array,
    array_module,
    available_threads,
    synchronize,
    to_device,
    to_host,
)
from minifcn.distributed.communicator import Communicator, Value
from minifcn.distributed.waiting import Meeting, time_limit
from minifcn.functional.fast.recycle import recycled

# Large enough for the network's bandwidth to count and not its latency, small enough for most of
# the sums to be under way before the backward pass ends. A larger gradient is a bucket of its own.
BUCKET_BYTES = 8 << 20


class _Sums(NamedTuple):
    """A bucket whose sums are under way."""

    shapes: dict[str, tuple[int, ...]]  # of the gradients, by address, as they lie in the buffer
    buffer: Array  # where MPI adds up, on the host or the device
    xp: ModuleType  # of the gradients
    request: Any

    def gradients(self) -> Iterator[tuple[str, Array]]:
        """Yield each (address, sum); to be called when the request has been fulfilled."""
        flat, start = to_device(self.buffer, self.xp), 0
        for address, shape in self.shapes.items():
            stop = start + int(np.prod(shape))
            yield address, flat[start:stop].reshape(shape)
            start = stop


class MPICommunicator(Communicator):
    """One rank of several, of MPI's COMM_WORLD; for the methods see `Communicator`.

    Parameters
    ----------
    mpi : module
        `mpi4py.MPI`.
    bucket_bytes : int
        The sum of a bucket is started when it holds so many.
    """

    def __init__(self, mpi: Any, bucket_bytes: int = BUCKET_BYTES) -> None:
        self._mpi = mpi
        self._world = mpi.COMM_WORLD
        self._bucket_bytes = bucket_bytes
        self._meeting = Meeting(self._world, time_limit())
        self._takes_device_arrays = is_cuda_aware(mpi)
        self.rank, self.size = self._world.rank, self._world.size
        machine = self._world.Split_type(mpi.COMM_TYPE_SHARED)
        self.place = machine.rank
        self.threads = threads_of_each(machine.allgather(_processors()), machine.rank)

    def mean(
        self, gradients: Iterable[tuple[str, Array]], weight: float
    ) -> Iterator[tuple[str, Array]]:
        """Yield (address, weighted sum over the ranks), each as soon as it is known."""
        bucket: dict[str, Array] = {}
        under_way: deque[_Sums] = deque()
        for address, gradient in gradients:
            bucket[address] = gradient
            del gradient  # so that starting the sum gives its memory back
            if sum(part.nbytes for part in bucket.values()) >= self._bucket_bytes:
                under_way.append(self._start(bucket, weight))
                bucket = {}
            # To ask MPI about one of its tasks is what makes it get on with all of them.
            while under_way and under_way[0].request.Test():
                yield from under_way.popleft().gradients()
        if bucket:
            under_way.append(self._start(bucket, weight))
        while under_way:
            self._meeting.wait(under_way[0].request)
            yield from under_way.popleft().gradients()

    def _start(self, bucket: dict[str, Array], weight: float) -> _Sums:
        first = next(iter(bucket.values()))
        xp, start = array_module(first), 0
        size = sum(gradient.size for gradient in bucket.values())
        flat = recycled(xp, (size,), first.dtype)
        for gradient in bucket.values():
            part = flat[start : start + gradient.size].reshape(gradient.shape)
            xp.multiply(gradient, first.dtype.type(weight), out=part)
            start += gradient.size
        buffer = self._for_mpi(flat)
        request = self._world.Iallreduce(self._mpi.IN_PLACE, buffer)
        shapes = {address: gradient.shape for address, gradient in bucket.items()}
        return _Sums(shapes, buffer, xp, request)

    def sum(self, array: Array) -> None:
        """Replace the elements of an array, C-contiguous, by their sums over the ranks."""
        self._in_place(lambda buffer: self._world.Iallreduce(self._mpi.IN_PLACE, buffer), array)

    def broadcast(self, array: Array) -> None:
        """Replace the elements of an array, C-contiguous, by those of rank 0."""
        self._in_place(self._world.Ibcast, array)

    def _in_place(self, start: Callable[[Array], Any], array: Array) -> None:
        buffer = self._for_mpi(array)
        self._meeting.wait(start(buffer))
        if buffer is not array:
            array[...] = to_device(buffer, array_module(array))

    def _for_mpi(self, array: Array) -> Array:
        """Return an array that MPI can work on: this one, or a copy of it on the host."""
        xp = array_module(array)
        if xp is np:
            return array
        if self._takes_device_arrays:
            synchronize(xp)  # MPI knows nothing of CUDA's queues
            return array
        return to_host(array)

    def from_leader(self, value: Value) -> Value:
        """Return rank 0's value, some small object; what the others pass is not looked at."""
        text = pickle.dumps(value) if self.leads else b""
        size = np.array([len(text)])
        self.broadcast(size)
        buffer = np.frombuffer(bytearray(text) if self.leads else bytearray(size[0]), np.uint8)
        self.broadcast(buffer)
        result: Value = pickle.loads(buffer.tobytes())
        return result

    def gather(self, value: Value) -> list[Value]:
        """Return the small objects of all ranks, in their order, to each of them."""
        text = np.frombuffer(pickle.dumps(value), np.uint8)
        sizes = np.zeros(self.size, int)
        self._meeting.wait(self._world.Iallgather(np.array([text.size]), sizes))
        texts = np.empty(sizes.sum(), np.uint8)
        self._meeting.wait(self._world.Iallgatherv(text, [texts, sizes]))
        ends = sizes.cumsum()
        return [pickle.loads(texts[e - n : e].tobytes()) for n, e in zip(sizes, ends, strict=True)]

    def any(self, value: bool) -> bool:
        """Return whether a value is true on any rank."""
        count = np.array([int(value)])
        self.sum(count)
        return bool(count[0])

    def barrier(self) -> None:
        """Wait until every rank has come here."""
        self._meeting.wait(self._world.Ibarrier())

    def abort(self, status: int) -> None:
        """End the processes of all ranks, this one included, without waiting for any."""
        self._world.Abort(status)


def threads_of_each(processors: Sequence[frozenset[int]], place: int) -> int:
    """Return how many threads a rank shall use: those who share processors share them fairly.

    Parameters
    ----------
    processors : sequence of set of int
        What each rank of this machine may run on: all the same unless the launcher binds them.
    place : int
        This rank's place among them.
    """
    return max(1, available_threads() // processors.count(processors[place]))


def is_cuda_aware(mpi: Any) -> bool:
    """Return whether MPI says that it takes arrays in a GPU's memory.

    MPICH and Open MPI have a function for it that mpi4py does not show; it is looked up in the
    library itself.
    """
    try:
        return bool(ctypes.CDLL(mpi.__file__).MPIX_Query_cuda_support())
    except (AttributeError, OSError):
        return False


def _processors() -> frozenset[int]:
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()
