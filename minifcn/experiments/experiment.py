"""What an experiment is: a statement of the paper, tried in small by one command."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

# What can be said of a statement in the end; the reason is said beside it.
HOLDS, FAILS, OPEN = "holds here", "does not hold here", "cannot be told at this size"


class Row(NamedTuple):
    """A row of an experiment's table.

    Attributes
    ----------
    name : str
        What was varied, such as "FCN-16s".
    values : mapping from column to sequence of float
        What was measured, once for each seed; columns have their units: "mean IU, %", "time, s".
    paper : mapping from column to float
        What the paper prints of it.
    """

    name: str
    values: Mapping[str, Sequence[float]]
    paper: Mapping[str, float] = {}


class Curve(NamedTuple):
    """A curve of a chart: `x` (points,) and, for each seed, `ys` (seeds, points)."""

    name: str
    x: Sequence[float]
    ys: Sequence[Sequence[float]]


class Chart(NamedTuple):
    """Curves over a common axis; the labels of the axes have units."""

    title: str
    x_label: str
    y_label: str
    curves: Sequence[Curve]
    x_log: bool = False
    y_log: bool = False


class Result(NamedTuple):
    """What came out of an experiment.

    Attributes
    ----------
    verdict : str
        `HOLDS`, `FAILS` or `OPEN`.
    reason : str
        Why, in a sentence or two, with the figures that it rests on.
    charts : sequence of Chart
        Drawn side by side; without any, the first column of the table is drawn as bars.
    pictures : mapping from name to ndarray (H, W, 3), uint8
        Further pictures, RGB.
    notes : sequence of str
        What a reader has to know to judge the figures; a sentence or two each.
    """

    rows: Sequence[Row]
    verdict: str
    reason: str
    charts: Sequence[Chart] = ()
    pictures: Mapping[str, np.ndarray] = {}
    notes: Sequence[str] = ()


class Experiment(NamedTuple):
    """A statement of the paper, a table or a figure: what a file adds to `EXPERIMENTS`.

    Attributes
    ----------
    section : str
        Where it is in the paper, such as "Table 1" or "section 4.3"; "PAMI" for the journal's.
    statement : str
        What the paper says, in a sentence.
    paper : str
        The paper's figures, in a line; "" if it gives none.
    measure : callable
        Called with a `Lab` and the own options by their names; returns a `Result`.
    minutes : mapping from data set to int
        On which data it can be tried, and about how long that takes on two cores with three
        seeds; the first is what it is tried on if nothing is said.
    add_options : callable, optional
        Gives the command's parser the options that `measure` takes.
    idle : mapping from str to str
        Options of all experiments, "weights" or "seeds", that would change nothing in this one, and
        why; the command refuses them.
    """

    section: str
    statement: str
    paper: str
    measure: Callable[..., Result]
    minutes: Mapping[str, int]
    add_options: Callable[[argparse.ArgumentParser], None] | None = None
    idle: Mapping[str, str] = {}


UNTRAINED = {"weights": "nothing is trained"}
EXACT = {**UNTRAINED, "seeds": "nothing is random"}
