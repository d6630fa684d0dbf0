"""What a training command shows and keeps: the console, the pages of the run, and its events."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from minifcn.inference.metrics import FIGURES, Scores
from minifcn.reporting.events import Events
from minifcn.reporting.pages import write_pages
from minifcn.training.console import Console
from minifcn.training.solver import Step


class Recorder(Console):
    """The console of a training that also keeps `report.html` and `README.md` up to date.

    A training goes on without them: what hinders the writing is told once. With `tensorboard` it
    writes events, too; ExtraError if what writes them is not installed.
    """

    def __init__(self, profile: bool = False, tensorboard: bool = False) -> None:
        super().__init__(profile)
        self._events = Events() if tensorboard else None
        self._hindered = False

    def begun(self, folder: Path, start: int) -> None:
        """Begin the events."""
        super().begun(folder, start)
        if self._events:
            self._keep(self._events.begin, folder)

    def step(self, step: Step, total: int) -> None:
        """Move the bar; add an event."""
        super().step(step, total)
        if self._events:
            self._keep(self._events.add, step._asdict())

    def evaluation(self, step: int, scores: Scores, head: str = "") -> None:
        """Print the four figures; add events."""
        super().evaluation(step, scores, head)
        if self._events:
            figures: dict[str, Any] = {name: getattr(scores, name) for name in FIGURES}
            line = {"heads": {head: figures}} if head else figures
            self._keep(self._events.add, {"number": step, **line})

    def evaluated(self, folder: Path, number: int) -> None:
        """Write the pages anew; add the samples to the events."""
        super().evaluated(folder, number)
        self._keep(write_pages, folder)
        if self._events:
            self._keep(self._events.add_samples, folder)

    def finished(self, folder: Path) -> None:
        """Write the pages with the results, and say where they are."""
        self._keep(write_pages, folder)
        if self._events:
            self._keep(self._events.add_samples, folder)
            self._keep(self._events.end)
        super().finished(folder)
        self.note(f"open {folder / 'report.html'} in a browser to see how it went")

    def _keep(self, write: Callable[..., None], *what: Any) -> None:
        """Write something that is not worth a training if it cannot be written."""
        try:
            write(*what)
        except Exception as error:
            if not self._hindered:
                self.note(f"warning: the report, README.md or events are not written ({error!r})")
            self._hindered = True
