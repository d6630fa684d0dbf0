"""What a training is going to do, told before the first update."""

from __future__ import annotations

import textwrap
from typing import NamedTuple

from minifcn.data import DATASETS, dataset_class
from minifcn.system.machine import gigabytes
from minifcn.system.records import SettingsError
from minifcn.training.departures import departures
from minifcn.training.prepare import Memory
from minifcn.training.settings import Settings, resolve
from minifcn.training.values import REFERENCE

# A pass forwards takes a third of one forwards and backwards: two products of three are backwards.
FORWARD = 1 / 3
WIDTH = 66  # columns for what is said in a line of the plan


class Plan(NamedTuple):
    """What a training is going to do."""

    settings: Settings
    start: int  # updates made before
    training: int  # images
    validation: int  # images
    memory: Memory

    @property
    def images(self) -> int:
        """Images of an update, on all ranks."""
        return self.settings.batch_size * self.settings.accumulate

    def to_evaluate(self, made: int) -> int:
        """Return how many images are still to be evaluated when so many updates are made."""
        every, steps = self.settings.evaluate_every, self.settings.steps
        each, last = (
            min(limit or self.validation, self.validation)
            for limit in (self.settings.evaluate_images, self.settings.final_images)
        )
        return each * ((steps - 1) // every - made // every) + last * (made <= steps)

    def lines(self) -> list[str]:
        """Return the plan as a table, of at most 80 columns."""
        count, _, height, width = self.memory.shape
        settings, images = self.settings, self.images
        epochs = settings.steps * images / max(1, self.training)
        size = f"{count} x {height} x {width} pixels at once"
        done = f", {self.start:,} of them made" if self.start else ""
        warm_up = f", warm-up of {settings.warm_up}" if settings.warm_up else ""
        seen = settings.evaluate_images
        part = f" on {_count(seen, 'image')}" if 0 < seen < self.validation else ""
        every = _count(settings.evaluate_every, "update")
        update = _count(images, "image")
        free = f", {gigabytes(self.memory.free)} are free" if self.memory.free else ""
        table = {
            "images": f"{self.training:,} to train on, {self.validation:,} to validate; {size}",
            "updates": f"{settings.steps:,} of {update} ({epochs:.3g} epochs){done}",
            "rate": f"{settings.rate:.3g}, {rate_origin(settings)}; {settings.policy}{warm_up}",
            "evaluation": f"every {every}{part}, and at the end",
            "memory": f"{gigabytes(self.memory.needed)} for the updates{free}",
        }
        lines = [line(*row) for row in table.items()]
        told = ", ".join(departures(settings.to_dict()))
        besides = textwrap.wrap(told, WIDTH, break_on_hyphens=False)
        return lines + [line("" if place else "besides", t) for place, t in enumerate(besides)]


def line(name: str, said: str) -> str:
    """Return a line of the plan."""
    return f"  {name:<12}{said}"


def rate_origin(settings: Settings) -> str:
    """Return where the learning rate comes from: what would be taken if none were given."""
    others = {name: value for name, value in settings.to_dict().items() if name != "rate"}
    try:
        own = None if settings.dataset in DATASETS else dataset_class("folder").defaults
        usual = resolve(own=own, **others).rate
    except SettingsError:  # the usual one does not fit what is trained here
        usual = None
    if settings.rate != usual:
        return "as given"
    if settings.recipe == REFERENCE:
        return "the authors'"
    return "tried out for small nets" if settings.width < 0.5 else f"of recipe {settings.recipe}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number > 1 else ''}"
