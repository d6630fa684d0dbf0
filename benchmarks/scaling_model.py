"""How long a step takes on many workers: a model of the ring and of its overlap with backward.

`docs/distributed.md` derives it and says what it leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Network(NamedTuple):
    """What joins the workers."""

    name: str
    bandwidth: float  # bytes a second, of one worker's connection, each way
    latency: float  # seconds, of a message


class Worker(NamedTuple):
    """What one worker does in a step without any other."""

    seconds: float
    gradients: list[tuple[float, int]]  # seconds after the step began, bytes; in that order

    def faster(self, factor: float) -> Worker:
        """Return a worker that does the same in a `factor`-th of the time."""
        timeline = [(seconds / factor, size) for seconds, size in self.gradients]
        return Worker(self.seconds / factor, timeline)


def ring_seconds(size: float, workers: int, network: Network) -> float:
    """Return the time to sum `size` bytes over a ring of workers."""
    each_way = workers - 1
    return 2 * each_way * (network.latency + size / workers / network.bandwidth)


def in_buckets(
    gradients: Iterable[tuple[float, int]], bucket_bytes: int
) -> list[tuple[float, int]]:
    """Return (seconds, bytes) of the buckets: when each is full, as `mpi.py` fills them."""
    buckets, filled, seconds = [], 0, 0.0
    for seconds, size in gradients:
        filled += size
        if filled >= bucket_bytes:
            buckets.append((seconds, filled))
            filled = 0
    return [*buckets, (seconds, filled)] if filled else buckets


def step_seconds(worker: Worker, workers: int, network: Network, bucket_bytes: int) -> float:
    """Return the time of a step of so many workers, each with a batch of its own.

    The buckets are summed one after the other while the workers go on computing; the step ends
    with the computation or with the last sum.
    """
    free = 0.0  # when the network has done with the bucket before
    for ready, size in in_buckets(worker.gradients, bucket_bytes):
        free = max(ready, free) + ring_seconds(size, workers, network)
    return max(worker.seconds, free)


def efficiency(worker: Worker, workers: int, network: Network, bucket_bytes: int) -> float:
    """Return the share of its time that a worker computes; the rest it waits for sums."""
    return worker.seconds / step_seconds(worker, workers, network, bucket_bytes)


def batches_for(
    share: float, worker: Worker, workers: int, network: Network, bucket_bytes: int
) -> int:
    """Return how many batches a worker must make for one update to compute `share` of the time.

    Only the last of them is followed by sums, so that the waiting is divided by their number.
    """
    waiting = step_seconds(worker, workers, network, bucket_bytes) - worker.seconds
    needed = waiting * share / (1 - share) / worker.seconds
    return max(1, -int(-needed // 1))
