"""How every command ends: with its status, or with one sentence on what went wrong."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout

from tqdm import tqdm

from minifcn.distributed.communicator import ALONE, Communicator, DistributedError
from minifcn.distributed.connect import connect, launched
from minifcn.system.mishaps import EXPECTED_ERRORS, explained
from minifcn.system.streams import patient_streams, printable

# Seconds that the other ranks wait before they tell of an error, so that rank 0 has ended the job
# if it met with the same one: data that is not there is missed by all, and told of once.
PRECEDENCE = 1.0


def sentence(error: Exception) -> str:
    """Return what to tell of one of the `EXPECTED_ERRORS`, with names that a terminal can show."""
    return printable(f"error: {explained(error)}")


def complain(error: Exception) -> None:
    """Tell of an error that does not end the command."""
    tqdm.write(sentence(error), file=sys.stderr)


def guarded(
    command: Callable[[Communicator], int],
    *,
    distributed: bool = False,
    after_stop: str = "stopped",
) -> int:
    """Run a command, and turn what goes wrong into one sentence and an exit status.

    Of several ranks, rank 0 prints. An exception on any of them is told of with its number and
    ends them all, for the others would wait for it forever.

    Parameters
    ----------
    command : callable
        Is given the communicator, returns an exit status.
    distributed : bool
        Whether this process is one of several that an MPI launcher has started.
    after_stop : str
        What to say when the user stops the command.
    """
    communicator = ALONE
    try:
        if not distributed and launched() > 1:
            raise DistributedError(
                f"{launched()} processes were started, and each would do all of the same work: "
                "give --distributed, so that they share it, or start one"
            )
        if distributed:
            communicator = connect()
        with patient_streams(), only_the_leader_prints(communicator):
            return command(communicator)
    except EXPECTED_ERRORS as error:
        said, status = sentence(error), 1
    except KeyboardInterrupt:
        said, status = after_stop, 130
    except Exception:
        if communicator.size == 1:
            raise
        said, status = traceback.format_exc(), 1
    if communicator.size == 1:
        print(said, file=sys.stderr)
        return status
    time.sleep(0 if communicator.leads else PRECEDENCE)
    rank = f"rank {communicator.rank} of 0..{communicator.size - 1}"
    print(f"{said}\n{rank} has failed, which ends the job", file=sys.stderr, flush=True)
    communicator.abort(status)
    return status


@contextmanager
def only_the_leader_prints(communicator: Communicator) -> Iterator[None]:
    """Throw away what the other ranks write to the standard output."""
    if communicator.leads:
        yield
        return
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        yield
