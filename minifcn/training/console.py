"""How the commands talk: the progress of a training, and errors, of one process or of several."""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType

from tqdm import tqdm

from minifcn.data.dataset import DataError
from minifcn.distributed.communicator import ALONE, Communicator, DistributedError
from minifcn.distributed.connect import connect, launched
from minifcn.fetching.archives import ArchiveError
from minifcn.fetching.catalogue import UnknownFileError
from minifcn.fetching.fetch import FetchError
from minifcn.inference.metrics import Scores
from minifcn.system.devices import DeviceError
from minifcn.system.mishaps import explained
from minifcn.system.outputs import OutputError
from minifcn.system.records import SettingsError, add_options, check, defaults
from minifcn.system.streams import patient_streams, printable
from minifcn.training.prepare import take_device
from minifcn.training.profiling import Profile
from minifcn.training.run import Reporter
from minifcn.training.settings import Settings
from minifcn.training.solver import Step, TrainingError
from minifcn.weights.store import WeightsError

EXPECTED_ERRORS = (
    ArchiveError,
    DataError,
    DeviceError,
    DistributedError,
    FetchError,
    MemoryError,
    OSError,
    OutputError,
    SettingsError,
    TrainingError,
    UnknownFileError,
    WeightsError,
)

ON_THE_DEVICE = ("device", "threads", "precision")  # settings of every command that computes
# Seconds that the other ranks wait before they tell of an error, so that rank 0 has ended the job
# if it met with the same one: data that is not there is missed by all, and told of once.
PRECEDENCE = 1.0


class Console(Reporter):
    """Shows a progress bar with loss, rate, images per second and the time left.

    Parameters
    ----------
    profile : bool
        Also collect where the time goes, and print it at the end of a run.
    show : bool
        Draw the bar.
    """

    def __init__(self, profile: bool = False, show: bool = True) -> None:
        self.bar: tqdm | None = None
        self.show = show
        self.profiles = profile
        self._begin()

    def _begin(self) -> None:
        self.profile = Profile()
        self.clock = self.profile.add if self.profiles else None
        self.steps, self.seconds, self.waited = 0, 0.0, 0.0

    def note(self, text: str) -> None:
        """Print a line above the bar."""
        tqdm.write(text)

    def step(self, step: Step, total: int) -> None:
        """Move the bar."""
        self.steps, self.seconds = self.steps + step.steps, self.seconds + step.seconds
        self.waited += step.waited
        if self.bar is None:
            self.bar = tqdm(
                total=total,
                initial=step.number - step.steps,
                unit="step",
                dynamic_ncols=True,
                disable=not self.show,
            )
        self.bar.set_postfix(
            loss=f"{step.loss:.4g}",
            pixel=f"{step.pixel_loss:.3f}",
            rate=f"{step.rate:.1e}",
            images=f"{step.images / step.seconds:.1f}/s",
            refresh=False,
        )
        self.bar.update(step.steps)
        if step.number == total:
            self.bar.close()
            self.bar = None

    def evaluation(self, step: int, scores: Scores, head: str = "") -> None:
        """Print the four figures."""
        tqdm.write(
            f"step {step}{head and f' ({head})'}: pixel accuracy {scores.pixel_accuracy:.3f}  "
            f"mean accuracy {scores.mean_accuracy:.3f}  mean IU {scores.mean_iu:.3f}  "
            f"f.w. IU {scores.fw_iu:.3f}"
        )

    def finished(self, folder: Path) -> None:
        """Say where the time went, if that was asked for, and where the results are."""
        if self.profiles and self.steps:
            self.note(self.profile.table(self.steps, seconds=self.seconds, waited=self.waited))
        self.note(f"weights, log, samples and results are in {folder}")
        self._begin()


def add_device_options(parser: argparse.ArgumentParser, distributed: bool = False) -> None:
    """Add the options that `choose_device` reads, and `--distributed` where there is one."""
    values = defaults(Settings)
    add_options(parser, Settings, ON_THE_DEVICE, {name: values[name] for name in ON_THE_DEVICE})
    if distributed:
        add_distributed_option(parser)


def add_distributed_option(parser: argparse._ActionsContainer) -> None:
    """Add the option that makes the process one of several, for `guarded`."""
    said = "as one of the processes of mpirun, see docs/distributed.md"
    parser.add_argument("--distributed", action="store_true", help=said)


def choose_device(args: argparse.Namespace, communicator: Communicator = ALONE) -> ModuleType:
    """Take the device that the options ask for, say which it is, and return its array module."""
    check(Settings, {name: getattr(args, name) for name in ON_THE_DEVICE})
    return take_device(args, print, communicator)


def sentence(error: Exception) -> str:
    """Return what to tell of one of the `EXPECTED_ERRORS`, with names that a terminal can show."""
    told = explained(error) if isinstance(error, OSError | MemoryError) else str(error)
    return printable(f"error: {told}")


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
