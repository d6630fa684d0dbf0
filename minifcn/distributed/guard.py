"""How every command ends: with its status, or with one sentence on what went wrong."""

from __future__ import annotations

import os
import shlex
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout

from tqdm import tqdm

from minifcn.distributed.communicator import ALONE, Communicator, DistributedError
from minifcn.distributed.connect import connect, launched
from minifcn.functional.fast.paths import forced_path
from minifcn.system.command import typed
from minifcn.system.mishaps import EXPECTED_ERRORS, Mishap, explained
from minifcn.system.streams import patient_streams, printable

# Seconds that the other ranks wait before they tell of an error, so that rank 0 has ended the job
# if it met with the same one: data that is not there is missed by all, and told of once.
PRECEDENCE = 1.0
# Seconds in which the launcher passes on what was printed: MPICH's throws away what is still on its
# way when a job is ended.
FORWARDING = 0.3


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
    after_stop: str = "",
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
        What to add to what the command says of itself when the user stops it.
    """
    communicator = ALONE
    try:
        if not distributed and launched() > 1:
            raise DistributedError(
                f"{launched()} processes were started, and each would do all of the same work: "
                "give --distributed, so that they share it, or start one"
            )
        check_environment()
        if distributed:
            communicator = connect()
        with patient_streams(), only_the_leader_prints(communicator):
            return command(communicator)
    except EXPECTED_ERRORS as error:
        said, status = sentence(error), 1
    except KeyboardInterrupt as stop:
        said, status = f"{stop}{after_stop}" if str(stop) else "stopped", 130
    except Exception:
        if communicator.size == 1:
            raise
        said, status = traceback.format_exc(), 1
    if communicator.size == 1:
        tqdm.write(said, file=sys.stderr)  # above a bar that may be there
        return status
    time.sleep(0 if communicator.leads else PRECEDENCE)
    rank = f"rank {communicator.rank} of 0..{communicator.size - 1}"
    print(f"{said}\n{rank} ends the job", file=sys.stderr, flush=True)
    time.sleep(FORWARDING)
    communicator.abort(status)
    return status


def check_environment() -> None:
    """Raise Mishap if an environment variable that decides what is computed means nothing."""
    try:
        forced_path()
    except ValueError as error:
        raise Mishap(str(error)) from error


def go_on_with(module: str, argv: Sequence[str] | None) -> str:
    """Return how a training is resumed, to be said after what of it is saved.

    Parameters
    ----------
    module : str
        Of the command, "minifcn.train".
    argv : sequence of str or None
        Its arguments; None for those of this process.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    resume = [] if "--resume" in given else ["--resume"]
    ranks = ["mpirun", "-n", str(launched())] if launched() > 1 else []
    command = typed(module.removeprefix("minifcn.")).split()
    return f"; go on with: {shlex.join([*ranks, *command, *given, *resume])}"


@contextmanager
def only_the_leader_prints(communicator: Communicator) -> Iterator[None]:
    """Throw away what the other ranks write to the standard output."""
    if communicator.leads:
        yield
        return
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        yield
