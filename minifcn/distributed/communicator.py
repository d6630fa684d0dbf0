"""Several processes, one training: what they can say to each other.

A process is called a rank; rank 0 leads: it logs and saves. All the code talks to a `Communicator`,
which on its own is that of a single process, so that nothing else asks whether there are others.
`connect.py` finds the one that speaks MPI (`mpi.py`); only then is mpi4py imported.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from minifcn.backend import Array
from minifcn.system.mishaps import Mishap

Value = TypeVar("Value")


class DistributedError(Mishap, RuntimeError):
    """Processes cannot work together; the message says why and what to do."""


class Communicator:
    """A process on its own, and what every communicator can do.

    Attributes
    ----------
    rank, size : int
        The number of this process, from 0, and how many there are.
    threads : int
        This rank's part of the machine's processors; 0 leaves the choice to `set_threads`.
    place : int or None
        Its number among the ranks of its machine, which take its GPUs in turn.
    """

    rank = 0
    size = 1
    threads = 0
    place: int | None = None

    @property
    def leads(self) -> bool:
        """Whether this is the rank that logs, prints and saves."""
        return self.rank == 0

    def share(self, items: Sequence[Value]) -> Sequence[Value]:
        """Return this rank's part of the items: every `size`-th, so that all parts are alike."""
        return items[self.rank :: self.size]

    def mean(
        self, gradients: Iterable[tuple[str, Array]], weight: float
    ) -> Iterator[tuple[str, Array]]:
        """Yield (address, weighted sum over the ranks), each as soon as it is known.

        Parameters
        ----------
        gradients : iterable of (address, array)
            The same addresses, shapes and order on every rank, of one data type; they are read
            while sums are under way.
        weight : float
            Of this rank's gradients; the weights of all ranks add up to 1.
        """
        yield from gradients

    def sum(self, array: Array) -> None:
        """Replace the elements of an array, C-contiguous, by their sums over the ranks."""

    def broadcast(self, array: Array) -> None:
        """Replace the elements of an array, C-contiguous, by those of rank 0."""

    def from_leader(self, value: Value) -> Value:
        """Return rank 0's value, some small object; what the others pass is not looked at."""
        return value

    def gather(self, value: Value) -> list[Value]:
        """Return the small objects of all ranks, in their order, to each of them."""
        return [value]

    def any(self, value: bool) -> bool:
        """Return whether a value is true on any rank."""
        return value

    def barrier(self) -> None:
        """Wait until every rank has come here."""

    def abort(self, status: int) -> None:
        """End the processes of all ranks, this one included, without waiting for any."""
        sys.exit(status)


ALONE = Communicator()
