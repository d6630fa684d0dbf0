"""Several processes, one training: what they can say to each other.

A process is called a rank; rank 0 leads: it logs and saves. All the code talks to a `Communicator`,
which on its own is that of a single process, so that nothing else asks whether there are others.
`connect` returns the one that speaks MPI (`mpi.py`); only then is mpi4py imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import TypeVar

from minifcn.backend import Array, set_product_precision, set_threads
from minifcn.system.devices import device_module

# Where the launchers of MPICH and Intel MPI, and of Open MPI, say how many processes they started.
_LAUNCHED = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")

Value = TypeVar("Value")


class DistributedError(RuntimeError):
    """Processes cannot work together; the message says why and what to do."""


class Communicator:
    """A process on its own, and what every communicator can do.

    Attributes
    ----------
    rank, size : int
        The number of this process, from 0, and how many there are.
    threads : int
        This rank's part of the machine's processors; 0 leaves the choice to `set_threads`.
    """

    rank = 0
    size = 1
    threads = 0

    @property
    def leads(self) -> bool:
        """Whether this is the rank that logs, prints and saves."""
        return self.rank == 0

    def share(self, items: Sequence[Value]) -> Sequence[Value]:
        """Return this rank's part of the items: every `size`-th, so that all parts are alike."""
        return items[self.rank :: self.size]

    def device_module(self, device: str) -> ModuleType:
        """Return `devices.device_module`; ranks of one machine take its GPUs in turn."""
        return device_module(device)

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


def connect() -> Communicator:
    """Return the communicator of all the processes that mpirun has started.

    Raises
    ------
    DistributedError
        If mpi4py or MPI is not there, or the processes do not see each other.
    """
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:  # the latter: no MPI library was found
        reason = str(error).splitlines()[0]
        raise DistributedError(
            f"--distributed needs mpi4py and MPI, which cannot be used here ({reason}): "
            "pip install 'minifcn[distributed]' brings both"
        ) from error
    from minifcn.distributed.mpi import MPICommunicator

    if MPI.COMM_WORLD.size == 1 and launched() > 1:
        library = MPI.Get_library_version().split(",")[0].partition(":")[0]
        raise DistributedError(
            f"{launched()} processes were started, but each sees only itself: the mpirun belongs "
            f"to another MPI than the one that mpi4py uses ({library}); use that one's mpirun"
        )
    return MPICommunicator(MPI) if MPI.COMM_WORLD.size > 1 else ALONE


def take_device(
    device: str, *, threads: int, precision: str, communicator: Communicator = ALONE
) -> ModuleType:
    """Compute on this device from now on, and return its array module.

    Parameters
    ----------
    device : "cpu", "gpu" or "auto"
    threads : int
        Of the CPU; 0: as many as this rank may use.
    precision : str
        Of matrix products on a GPU, see `set_product_precision`.
    communicator : Communicator

    Raises
    ------
    DeviceError
        If "gpu" is asked for and cannot be used.
    """
    set_threads(threads or communicator.threads)
    set_product_precision(precision)
    return communicator.device_module(device)


def launched() -> int:
    """Return how many processes an MPI launcher has started, as it says; 1 if there is none."""
    said = [os.environ.get(name, "") for name in _LAUNCHED]
    return max([1, *(int(count) for count in said if count.isdecimal())])
