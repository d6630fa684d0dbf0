"""A confusion matrix in words: the whole of it where it fits, else the largest confusions."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minifcn.inference.metrics import markdown_text

COLUMNS = 80  # of the terminal that everything fits into
NAME = 18  # letters of a class that are printed in front of a row, or in a list
LARGEST = 10  # how many confusions are named where there are too many classes for a matrix


class Confusion(NamedTuple):
    """A class, the class that pixels of it were taken for, how many, and what share of its own."""

    truth: int
    guess: int
    pixels: int
    share: float


def largest_confusions(counts: np.ndarray, most: int = LARGEST) -> list[Confusion]:
    """Return the confusions of the greatest share of the true class's pixels, greatest first.

    Parameters
    ----------
    counts : int64 array (C, C)
        Rows are the truth, columns the prediction.
    most : int
    """
    wrong = counts - np.diag(np.diag(counts))
    shares = wrong / np.maximum(1, counts.sum(axis=1, keepdims=True))
    order = np.lexsort((-wrong.ravel(), -shares.ravel()))[:most]
    pairs = [(int(place) // len(counts), int(place) % len(counts)) for place in order]
    return [Confusion(t, g, int(wrong[t, g]), float(shares[t, g])) for t, g in pairs if wrong[t, g]]


def format_confusions(counts: np.ndarray, class_names: Sequence[str]) -> str:
    """Return a text table, at most 80 columns wide; parameters are those of `markdown_confusions`.

    A row is a class, and says what share of its pixels, in percent, were taken for each class.
    """
    short = [name if len(name) <= NAME else f"{name[: NAME - 1]}…" for name in class_names]
    width = max(map(len, short))
    if not _fits(counts):
        lines = _largest(counts, short)
        return "\n".join(["largest confusions, percent of the true class", *lines])
    numbers = "".join(f"{number:5}" for number in range(len(counts)))
    rows = [
        f"{number:2} {name:{width}}{''.join(f'{cell:>5}' for cell in cells)}"
        for number, (name, cells) in enumerate(zip(short, _percents(counts), strict=True))
    ]
    title = "confusion, percent of a class (row) that was taken for each (column)"
    return "\n".join([title, f"{'':{width + 3}}{numbers}", *rows])


def markdown_confusions(counts: np.ndarray, class_names: Sequence[str]) -> str:
    """Return the table of `format_confusions` as a document has it.

    Parameters
    ----------
    counts : int64 array (C, C)
        Rows are the truth, columns the prediction.
    class_names : sequence of str
    """
    names = [markdown_text(name) for name in class_names]
    if not _fits(counts):
        return "\n".join(f"- {line.strip()}" for line in _largest(counts, names))
    head = [f"| percent of a row | {' | '.join(names)} |", f"| --- |{' ---: |' * len(names)}"]
    rows = [
        f"| {name} | {' | '.join(cells)} |"
        for name, cells in zip(names, _percents(counts), strict=True)
    ]
    return "\n".join([*head, *rows])


def csv_confusions(counts: np.ndarray, class_names: Sequence[str], head: str = "") -> str:
    """Return the counts as a table for a spreadsheet, the names of the classes around them."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([f"{head} truth \\ prediction".strip(), *class_names])
    table.writerows([name, *row] for name, row in zip(class_names, counts.tolist(), strict=True))
    return text.getvalue()


def _fits(counts: np.ndarray) -> bool:
    """Return whether a matrix is narrow enough for a terminal."""
    return NAME + 3 + 5 * len(counts) <= COLUMNS


def _percents(counts: np.ndarray) -> list[list[str]]:
    """Return the shares of each row in percent; nothing where there are none."""
    shares = 100 * counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    return [[f"{share:.1f}" if share >= 0.05 else "." for share in row] for row in shares]


def _largest(counts: np.ndarray, class_names: Sequence[str]) -> list[str]:
    """Return a line for each of the largest confusions."""
    found = largest_confusions(counts)
    lines = [
        f"{100 * share:5.1f}  {class_names[truth]} taken for {class_names[guess]} "
        f"({pixels:,} pixels)"
        for truth, guess, pixels, share in found
    ]
    return lines or ["  none"]
