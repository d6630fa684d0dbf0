"""An experiment from its name to its results on the disk: what is shared by all of them."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from minifcn.backend import set_threads
from minifcn.experiments import experiment
from minifcn.experiments.experiment import OPEN
from minifcn.experiments.lab import Lab
from minifcn.experiments.plots import NAME as PICTURE
from minifcn.experiments.plots import draw
from minifcn.experiments.records import NAME, write_record
from minifcn.experiments.tables import markdown, plain
from minifcn.inference.pictures import save_png
from minifcn.system.files import atomic_write, make_folder
from minifcn.system.lock import locked

TABLE = "table.md"
SEEDS = 3
NOTHING: Mapping[str, Any] = MappingProxyType({})


def conduct(
    name: str,
    *,
    data: str,
    out: Path,
    seeds: int = SEEDS,
    smoke: bool = False,
    data_dir: str | None = None,
    weights: str | None = None,
    threads: int = 0,
    again: bool = True,
    note: Callable[[str], None],
    **own: Any,
) -> str:
    """Conduct an experiment, write what came out to OUT/NAME-DATA, and return it in words.

    Parameters
    ----------
    name : str
        A key of `EXPERIMENTS`.
    data, out, seeds, smoke, data_dir, weights, threads, note
        See `Lab`.
    again : bool
        Whether to conduct it although its results are there. Runs that are there are not repeated.
    **own
        The experiment's own options.
    """
    one = experiment(name)
    folder = out / f"{name}-{data}{'-smoke' if smoke else ''}"
    if not again and (folder / NAME).exists():
        return f"{folder / NAME} is there already"
    make_folder(folder)
    set_threads(threads)
    runs = out / "smoke" if smoke else out
    lab = Lab(
        data,
        runs,
        seeds=seeds,
        smoke=smoke,
        data_dir=data_dir,
        weights=weights,
        threads=threads,
        note=note,
    )
    started = time.monotonic()
    result = one.measure(lab, **own)
    # Trainings count as if they had all been made now, those that were there already as well.
    spent = time.monotonic() - started - lab.training + sum(lab.seconds.values())
    minutes = spent / 60
    if smoke:
        result = result._replace(verdict=OPEN, reason="Two updates say nothing; it was only tried.")
    command = command_of(name, data, data_dir is not None, weights is not None, seeds, own)
    facts = {"data": data, "seeds": len(lab.seeds), "smoke": smoke, "command": command}
    # Another process that has waited for the same last run is done at the same moment.
    with locked(folder.with_name(f"{folder.name}.lock")):
        for title, picture in result.pictures.items():
            save_png(folder / f"{title}.png", picture)
        record = write_record(folder, name, one, result, {**facts, "minutes": round(minutes, 1)})
        draw(record, folder / PICTURE)
        with atomic_write(folder / TABLE) as file:
            file.write(markdown(record).encode())
    return "\n".join(
        (
            f"\n{one.section}: {one.statement}",
            *([f"the paper: {one.paper}"] if one.paper else []),
            f"\n{plain(record)}\n",
            f"{result.verdict}: {result.reason}",
            *result.notes,
            f"table, picture and results: {folder}",
        )
    )


def command_of(
    name: str,
    data: str,
    has_folder: bool,
    has_weights: bool,
    seeds: int,
    own: Mapping[str, Any] = NOTHING,
) -> str:
    """Return what to type to repeat it; where the reader's files lie is the reader's to say."""
    said = ["python -m minifcn.paper", name, *_own_options(name, own), f"--data {data}"]
    said += ["--data-dir DIR"] * has_folder + ["--weights FILE"] * has_weights
    return " ".join([*said, *[f"--seeds {seeds}"] * (seeds != SEEDS)])


def _own_options(name: str, own: Mapping[str, Any]) -> list[str]:
    """Return how the own options that differ from the usual were given: files by what they are."""
    parser, add = argparse.ArgumentParser(), experiment(name).add_options
    if add is not None:
        add(parser)
    said = []
    for action in parser._actions:  # argparse has no other way to ask what the options are
        value = own.get(action.dest, action.default)
        if value == action.default:
            continue
        values = value if isinstance(value, list) else [value]
        plain = action.choices is not None or action.type in (int, float)
        words = [str(one) for one in values] if plain else [str(action.metavar)]
        said += [*action.option_strings[:1], *words]
    return said
