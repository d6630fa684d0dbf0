"""The geometry of curves and confusion matrices, which `templates/` draws as SVG.

Lengths are pixels of the drawing, which is scaled to the width of the page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

WIDTH, HEIGHT = 360, 210
LEFT, RIGHT, TOP, BOTTOM = 50, 20, 10, 34  # margins, with room for the numbers
BINS = 240  # points of a curve at most; each is the mean of the values in its part of the axis
MARKED = 24  # curves of no more points show each of them

NUMBERED = ((12, 44), (26, 28))  # classes at most, and the side of a cell with a number in it
CELL = 14  # the side of one without
DECADES = 10  # with a number on a logarithmic axis, at most
LETTER = 6.5  # the mean width of a letter of 12 pixels


Array = Any  # of NumPy, or a number


class Series(NamedTuple):
    """What a curve is drawn of: the place of its run, which gives it a colour, and its points."""

    place: int
    x: np.ndarray
    y: np.ndarray


class Curve(NamedTuple):
    """A curve: the corners of its line and of the area between the least and the greatest value.

    `marks` are (x, y, words) of single points.
    """

    place: int
    line: str
    area: str
    marks: list[tuple[float, float, str]]


class Chart(NamedTuple):
    """A chart; ticks are (place, number)."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    title: str
    words: str
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    curves: list[Curve]


class Cell(NamedTuple):
    """A cell of a confusion matrix: where, what share of its row, and that in digits and words."""

    x: float
    y: float
    share: float
    digits: str
    words: str


class Matrix(NamedTuple):
    """A confusion matrix of `size` classes; labels are (place, name)."""

    size: int
    cell: int
    margin: int
    labels: list[tuple[float, str]]
    cells: list[Cell]


def chart(
    title: str,
    series: Sequence[Series],
    *,
    logarithmic: bool = False,
    whole: tuple[float, float] | None = None,
) -> Chart | None:
    """Return a chart of curves over updates; None if there is no value to show.

    With a `logarithmic` vertical axis only values above 0 are shown; `whole` is what the axis shows
    at least.
    """
    kept = []
    for place, x, y in series:
        usable = np.isfinite(y) & ((y > 0) | (not logarithmic))
        if usable.any():
            kept.append(Series(place, x[usable], y[usable]))
    if not kept:
        return None
    binned = [_binned(one.x, one.y) for one in kept]
    lows = [low.min() for _, _, low, _ in binned]
    highs = [high.max() for *_, high in binned]
    low, high = min(*lows, *(whole or lows)), max(*highs, *(whole or highs))
    end = max(1.0, *(one.x.max() for one in kept))
    x_ticks, _ = _ticks(0, end, 5)
    numbers, (bottom, top) = _decades(low, high) if logarithmic else _ticks(low, high, 5)

    def across(x: Array) -> Array:
        return LEFT + np.asarray(x) / end * (WIDTH - LEFT - RIGHT)

    def down(y: Array) -> Array:
        scale = np.log if logarithmic else np.asarray
        shown, least, most = (scale(value) for value in (y, bottom, top))
        return HEIGHT - BOTTOM - (shown - least) / (most - least) * (HEIGHT - TOP - BOTTOM)

    curves = []
    for one, (x, mean, least, most) in zip(kept, binned, strict=True):
        columns = across(x)
        area = [*zip(columns, down(most), strict=True), *zip(columns, down(least), strict=True)]
        back = area[: len(x)] + area[len(x) :][::-1]
        marks = []
        if len(one.x) <= MARKED:
            words = [
                f"{value:.4g} after {number:.0f}" for number, value in zip(x, mean, strict=True)
            ]
            marks = [*zip(_rounded(columns), _rounded(down(mean)), words, strict=True)]
        spread = _points(back) if (most > least).any() else ""
        line = _points([*zip(columns, down(mean), strict=True)])
        curves.append(Curve(one.place, line, spread, marks))
    last = ", ".join(f"{one.y[-1]:.4g}" for one in kept)
    return Chart(
        *(WIDTH, HEIGHT, LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM),
        title,
        f"{title} over {end:.0f} updates; last {last}",
        [(float(across(tick)), _number(tick)) for tick in x_ticks if tick <= end],
        [(float(down(tick)), _number(tick)) for tick in numbers],
        curves,
    )


def matrix(counts: np.ndarray, names: Sequence[str]) -> Matrix:
    """Return the picture of a confusion matrix, rows the truth, each drawn in its shares."""
    classes = len(names)
    cell = next((side for most, side in NUMBERED if classes <= most), CELL)
    margin = round(LETTER * min(16, max(map(len, names))) + 12)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    cells = [
        Cell(
            float(margin + column * cell),
            float(margin + row * cell),
            round(float(shares[row, column]), 3),
            _digits(shares[row, column], cell),
            f"{names[row]} taken for {names[column]}: {shares[row, column]:.1%}",
        )
        for row, column in np.argwhere(shares >= 0.0005).tolist()
    ]
    places = [margin + (number + 0.5) * cell for number in range(classes)]
    short = [name if len(name) <= 16 else f"{name[:15]}…" for name in names]
    return Matrix(classes, cell, margin, [*zip(places, short, strict=True)], cells)


def _digits(share: float, cell: int) -> str:
    """Return a share as a number of percent that fits into a cell."""
    if cell == CELL or share < 0.005:
        return ""
    return f"{100 * share:.0f}"


def _binned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return x, and mean, least and greatest y, of parts with about as many points each."""
    if len(x) <= BINS:
        return x, y, y, y
    starts = np.linspace(0, len(x), BINS, endpoint=False).astype(int)
    sizes = np.diff([*starts, len(x)])
    return (
        np.add.reduceat(x, starts) / sizes,
        np.add.reduceat(y, starts) / sizes,
        np.minimum.reduceat(y, starts),
        np.maximum.reduceat(y, starts),
    )


def _ticks(low: float, high: float, about: int) -> tuple[list[float], tuple[float, float]]:
    """Return round numbers that span an interval, and the first and the last of them."""
    span = high - low or abs(high) or 1.0
    unit = 10.0 ** math.floor(math.log10(span / about))
    step = next(unit * factor for factor in (1, 2, 5, 10) if span / (unit * factor) <= about)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    last = max(last, first + 1)
    ticks = [number * step for number in range(first, last + 1)]
    return ticks, (ticks[0], ticks[-1])


def _decades(low: float, high: float) -> tuple[list[float], tuple[float, float]]:
    """Return numbers for a logarithmic axis, and its ends: 1, 2, 5 of few decades, 1 of many.

    Of very many decades, as of a loss that has grown without bounds, only some have a number.
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1, 2, 5) if last - first <= 3 else (1,)
    powers = range(first, last + 1, -(-(last - first) // DECADES) or 1)
    numbers = [factor * 10.0**power for power in powers for factor in factors]
    below = max((number for number in numbers if number <= low), default=low)
    above = min((number for number in numbers if number >= high), default=high)
    above = above if above > below else below * 2
    return [number for number in numbers if below <= number <= above], (below, above)


def _number(value: float) -> str:
    """Return a number as an axis shows it."""
    return f"{value / 1000:g}k" if 10_000 <= abs(value) < 1e8 else f"{value:.6g}"


def _rounded(values: np.ndarray) -> list[float]:
    return np.round(values, 1).tolist()


def _points(points: Sequence[tuple[float, float]]) -> str:
    """Return the corners of a line as SVG has them."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
