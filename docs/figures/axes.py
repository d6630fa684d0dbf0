"""Axes: a rectangle of the sheet that numbers are drawn into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log10
from typing import NamedTuple

from figures.svg import Point, Sheet

Range = tuple[float, float]


class Axes(NamedTuple):
    """A rectangle, and the numbers at its edges.

    With `log`, the numbers of that axis are placed by their logarithms.
    """

    left: float
    top: float
    width: float
    height: float
    x_range: Range
    y_range: Range
    log_x: bool = False
    log_y: bool = False

    def at(self, x: float, y: float) -> Point:
        """Return where a point lies on the sheet."""
        return (
            self.left + self.width * _share(x, self.x_range, self.log_x),
            self.top + self.height * (1 - _share(y, self.y_range, self.log_y)),
        )

    def draw(
        self,
        sheet: Sheet,
        *,
        x_ticks: Mapping[float, str],
        y_ticks: Mapping[float, str],
        x_label: str = "",
        y_label: str = "",
    ) -> None:
        """Draw the axes, with lines across at the ticks of y and what they are called."""
        bottom, right = self.top + self.height, self.left + self.width
        for value, text in y_ticks.items():
            _, y = self.at(self.x_range[0], value)
            sheet.line((self.left, y), (right, y), stroke="rule", weight=0.7)
            sheet.text(self.left - 7, y, text, anchor="end", fill="soft", size=11)
        for value, text in x_ticks.items():
            x, _ = self.at(value, self.y_range[0])
            sheet.line((x, bottom), (x, bottom + 4), stroke="soft", weight=1)
            sheet.text(x, bottom + 14, text, anchor="middle", fill="soft", size=11)
        sheet.line((self.left, bottom), (right, bottom), stroke="soft", weight=1)
        if x_label:
            sheet.text(
                self.left + self.width / 2, bottom + 32, x_label, anchor="middle", fill="soft"
            )
        if y_label:
            sheet.text(self.left, self.top - 14, y_label, fill="soft")

    def curve(
        self,
        sheet: Sheet,
        points: list[Point],
        *,
        stroke: str,
        weight: float = 2.0,
        dash: str = "",
        mark: Callable[[Sheet, float, float], None] | None = None,
    ) -> None:
        """Draw a line through points, and a mark at each."""
        places = [self.at(*point) for point in points]
        sheet.line(*places, stroke=stroke, weight=weight, dash=dash)
        for place in places if mark else ():
            mark(sheet, *place)


def _share(value: float, limits: Range, log: bool) -> float:
    low, high = limits
    if log:
        value, low, high = log10(value), log10(low), log10(high)
    return (value - low) / (high - low)
