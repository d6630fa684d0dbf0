"""How the commands talk of a training, and the options of what it computes on."""

from __future__ import annotations

import argparse
from pathlib import Path
from types import ModuleType

from tqdm import tqdm

from minifcn.distributed.communicator import ALONE, Communicator
from minifcn.inference.metrics import Scores
from minifcn.system.command import DOCS
from minifcn.system.records import add_options, check, defaults
from minifcn.training.options import RARE, Settings
from minifcn.training.prepare import take_device
from minifcn.training.profiling import Profile
from minifcn.training.run import Reporter
from minifcn.training.solver import Step

ON_THE_DEVICE = ("device", "threads", "precision")  # settings of every command that computes


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
    preset = {name: defaults(Settings)[name] for name in ON_THE_DEVICE}
    *usual, precision = ON_THE_DEVICE
    add_options(parser, Settings, usual, preset)
    rare = parser.add_argument_group(RARE)
    add_options(rare, Settings, [precision], preset)
    if distributed:
        add_distributed_option(rare)


def add_distributed_option(parser: argparse._ActionsContainer) -> None:
    """Add the option that makes the process one of several, for `guarded`."""
    said = f"share the work as one of the processes of mpirun: {DOCS}/distributed.md"
    parser.add_argument("--distributed", action="store_true", help=said)


def choose_device(args: argparse.Namespace, communicator: Communicator = ALONE) -> ModuleType:
    """Take the device that the options ask for, say which it is, and return its array module."""
    check(Settings, {name: getattr(args, name) for name in ON_THE_DEVICE})
    return take_device(args, print, communicator)
