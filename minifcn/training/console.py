"""How the commands talk of a training, and the options of what it computes on."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from tqdm import tqdm

from minifcn.distributed.communicator import ALONE, Communicator
from minifcn.inference.metrics import TITLES, Scores
from minifcn.system.command import DOCS
from minifcn.system.progress import Progress, duration, watched
from minifcn.system.records import add_options, check, defaults
from minifcn.system.streams import styled
from minifcn.training.option_groups import RARE
from minifcn.training.options import Settings
from minifcn.training.plan import FORWARD, Plan, line
from minifcn.training.prepare import take_device
from minifcn.training.profiling import Profile
from minifcn.training.reporter import Reporter
from minifcn.training.solver import Step

ON_THE_DEVICE = ("device", "threads", "precision")  # settings of every command that computes


class Console(Reporter):
    """Shows the plan, a bar with the time left, images per second and loss, and the figures.

    Parameters
    ----------
    profile : bool
        Also collect where the time goes, and print it at the end of a run.
    show : bool
        Show how far the training is.
    """

    def __init__(self, profile: bool = False, show: bool = True) -> None:
        self.show = show
        self.profiles = profile
        self._begin()

    def _begin(self) -> None:
        self.profile = Profile()
        self.clock = self.profile.add if self.profiles else None
        self.steps, self.seconds, self.waited = 0, 0.0, 0.0
        self.bar: Progress | None = None
        self.planned: Plan | None = None
        self.pace = Pace()
        self.last: Step | None = None

    def note(self, text: str) -> None:
        """Print a line above the bar; a warning in yellow."""
        colour = "yellow" if text.startswith("warning") else ""
        tqdm.write(styled(text, colour, sys.stdout) if colour else text)

    def plan(self, plan: Plan) -> None:
        """Print the plan, and begin the bar."""
        self.planned = plan
        for said in plan.lines():
            self.note(said)
        per, made = plan.images, plan.start
        if made < plan.settings.steps:
            self._open(per * plan.settings.steps, per * made)

    def _open(self, total: int, done: int) -> None:
        self.bar = Progress(total, "train", start=done, shown=self.show)

    def images(self, count: int) -> None:
        """Move the bar within an update."""
        if self.bar is not None:
            self._move(min(self.bar.done + count, self.bar.total))

    def step(self, step: Step, total: int) -> None:
        """Move the bar to where an update is complete."""
        self.steps, self.seconds = self.steps + step.steps, self.seconds + step.seconds
        self.waited += step.waited
        self.last = step
        self.pace.add(step)
        each = step.images // step.steps
        if self.bar is None:
            self._open(each * total, each * (step.number - step.steps))
        self._tell_of_time(total)
        self._move(each * step.number)
        if step.number == total:
            self._close()

    def _move(self, done: int) -> None:
        assert self.bar is not None
        rate = 1 / self.pace.training if self.pace.training else None
        facts = [f"loss {self.last.pixel_loss:.3f}/px"] if self.last else []
        self.bar.to(done, *facts, left=self._left(self.bar.total - done), rate=rate)

    def _left(self, images: int) -> float | None:
        """Return the seconds left with so many images to train on, and what is to be evaluated."""
        if not self.pace.training:
            return None
        made = self.last.number if self.last else 0
        more = self.planned.to_evaluate(made) if self.planned else 0
        return images * self.pace.training + more * self.pace.evaluating

    def _tell_of_time(self, total: int) -> None:
        """Complete the plan when three updates or more have shown how long they take."""
        if (
            self.planned is None
            or self.last is None
            or not self.steps - self.last.steps < 3 <= self.steps
        ):
            return
        left = self._left(self.planned.images * (total - self.last.number))
        if left is not None and self.last.number < total:
            each = self.planned.images * self.pace.training
            said = f"about {duration(left)} to go: {each:.3g} s an update, and the evaluations"
            self.note(line("time", said))

    def _close(self) -> None:
        if self.bar is not None:
            self.bar.close()
        self.bar = None

    def watched(self, indices: Sequence[int]) -> Iterator[int]:
        """Show how far an evaluation is, in place of the bar."""
        bar, began = self.bar, time.monotonic()
        self._close()
        yield from watched(indices, "evaluate", shown=self.show)
        if indices:
            self.pace.evaluated = (time.monotonic() - began) / len(indices)
        if bar is not None:
            self._open(bar.total, bar.done)

    def evaluation(self, step: int, scores: Scores, head: str = "") -> None:
        """Print the four figures."""
        figures = [f"{title} {100 * getattr(scores, name):.1f}" for name, title in TITLES.items()]
        tqdm.write(f"step {step}{head and f' ({head})'}: {'  '.join(figures)} %")

    def finished(self, folder: Path) -> None:
        """Say where the time went, if that was asked for, and where the results are."""
        self._close()
        if self.profiles and self.steps:
            self.note(self.profile.table(self.steps, seconds=self.seconds, waited=self.waited))
        self.note(f"weights, log, samples and results are in {folder}")
        self._begin()


class Pace:
    """How long an image takes, so far: most of what counts are the last ten reports.

    Attributes
    ----------
    training : float
        Seconds an image; 0 until it is known.
    evaluated : float or None
        Seconds an image of the last evaluation.
    """

    def __init__(self) -> None:
        self.training = 0.0
        self.evaluated: float | None = None
        self._reports = 0

    def add(self, step: Step) -> None:
        """Take in a report; the first one, which gets ready what the others use, only at first."""
        self._reports += 1
        share = max(1 / max(1, self._reports - 1), 0.1)
        self.training += share * (step.seconds / step.images - self.training)

    @property
    def evaluating(self) -> float:
        """Seconds an image that is evaluated; before the first, a guess by the training."""
        return FORWARD * self.training if self.evaluated is None else self.evaluated


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
