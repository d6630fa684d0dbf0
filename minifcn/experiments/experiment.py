"""What an experiment is: something the paper shows, computed by one command."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import NamedTuple


class Experiment(NamedTuple):
    """A table, a figure or a statement of the paper: what a file adds to `EXPERIMENTS`.

    Attributes
    ----------
    section : str
        Where it is in the paper, such as "Table 1" or "section 4.3".
    sentence : str
        What it shows, for the list of experiments.
    run : callable
        Called with the options by their names; yields the lines of the result as they are known.
    add_options : callable, optional
        Gives the command's parser the options that `run` takes.
    """

    section: str
    sentence: str
    run: Callable[..., Iterable[str]]
    add_options: Callable[[argparse.ArgumentParser], None] | None = None
