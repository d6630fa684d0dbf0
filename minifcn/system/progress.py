"""How far some work is: a bar on a terminal, and elsewhere a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

from tqdm import tqdm

from minifcn.system.streams import takes_colour

Item = TypeVar("Item")

# Seconds between two lines where there is no terminal: at least, at each tenth of the work; and at
# most, or a part of those that have passed, so that a training of days does not fill its log.
LEAST, MOST, PART = 5.0, 30.0, 0.05


class Progress:
    """The progress of some work, on the standard error.

    Parameters
    ----------
    total : int
    label : str
        What is done, in a word.
    unit : str
    start : int
        How much is done already.
    shown : bool
        Whether anything is shown at all.
    """

    def __init__(
        self, total: int, label: str, *, unit: str = "images", start: int = 0, shown: bool = True
    ) -> None:
        self.total, self.label, self.unit, self.done = total, label, unit, start
        self._start, self._began = start, time.monotonic()
        self._told = (self._began, self._tenth())
        self._bar, self._shown = None, shown
        if shown and sys.stderr is not None and sys.stderr.isatty():
            self._bar = tqdm(
                total=total,
                initial=start,
                leave=False,
                dynamic_ncols=True,
                file=sys.stderr,
                bar_format=self._format(self._counts()),
                colour="green" if takes_colour(sys.stderr) else None,
            )

    def to(
        self, done: int, *facts: str, left: float | None = None, rate: float | None = None
    ) -> None:
        """Say that so much of the total is done.

        Parameters
        ----------
        done : int
        *facts : str
            What else there is to say.
        left, rate : float, optional
            Seconds that are left, and units a second, where that is known better than by what was
            done since the start.
        """
        now = time.monotonic()
        moved, self.done = done - self.done, done
        if rate is None and done > self._start and now > self._began:
            rate = (done - self._start) / (now - self._began)
        if left is None and rate:
            left = (self.total - done) / rate
        said = [self._counts()]
        said += [f"{duration(left)} left"] if left is not None and done < self.total else []
        said += [f"{rate:,.0f}/s" if rate >= 100 else f"{rate:.3g}/s"] if rate else []
        text = "  ".join([*said, *facts])
        if self._bar is not None:
            self._bar.bar_format = self._format(text)
            self._bar.update(moved)
        elif self._shown and self._is_time(now):
            tqdm.write(f"{self.label} {self._percent():3.0f} %  {text}", file=sys.stderr)
            self._told = (now, self._tenth())

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()

    def _counts(self) -> str:
        return f"{self.done:,}/{self.total:,} {self.unit}"

    def _percent(self) -> float:
        return 100 * self.done / max(1, self.total)

    def _tenth(self) -> int:
        return 10 * self.done // max(1, self.total)

    def _is_time(self, now: float) -> bool:
        when, tenth = self._told
        wait = LEAST if self._tenth() > tenth else max(MOST, PART * (now - self._began))
        return now - when > wait

    def _format(self, text: str) -> str:
        escaped = text.replace("{", "{{").replace("}", "}}")
        return f"{self.label} {{percentage:3.0f}}%|{{bar}}| {escaped}"


def watched(
    items: Sequence[Item], label: str, *, unit: str = "images", shown: bool = True
) -> Iterator[Item]:
    """Yield items, showing how far they are."""
    progress = Progress(len(items), label, unit=unit, shown=shown)
    try:
        for number, item in enumerate(items, 1):
            yield item
            progress.to(number)
    finally:
        progress.close()


def duration(seconds: float) -> str:
    """Return a time in words: "40 s", "12 min", "3.5 h", "2.1 days"."""
    for limit, unit, name in ((90, 1, "s"), (90 * 60, 60, "min")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}"
    hours = seconds / 3600
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"
