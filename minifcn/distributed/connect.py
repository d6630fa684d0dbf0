"""Finding the other processes of a training, if an MPI launcher has started some."""

from __future__ import annotations

import os

from minifcn.distributed.communicator import ALONE, Communicator, DistributedError
from minifcn.distributed.mpi import MPICommunicator

# Where the launchers of MPICH and Intel MPI, and of Open MPI, say how many processes they started.
_LAUNCHED = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")


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
    if MPI.COMM_WORLD.size == 1 and launched() > 1:
        library = MPI.Get_library_version().split(",")[0].partition(":")[0]
        raise DistributedError(
            f"{launched()} processes were started, but each sees only itself: the mpirun belongs "
            f"to another MPI than the one that mpi4py uses ({library}); use that one's mpirun"
        )
    return MPICommunicator(MPI) if MPI.COMM_WORLD.size > 1 else ALONE


def launched() -> int:
    """Return how many processes an MPI launcher has started, as it says; 1 if there is none."""
    said = [os.environ.get(name, "") for name in _LAUNCHED]
    return max([1, *(int(count) for count in said if count.isdecimal())])
