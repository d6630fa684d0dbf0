"""The options of commands that belong to single data sets, such as `--year`.

A data set declares them on its class: `options` has the help of those arguments of its constructor
that are options; their types are the constructor's.
"""

from __future__ import annotations

import argparse
import inspect
from collections import defaultdict
from pathlib import Path
from typing import Any, get_type_hints

from minifcn.data import DATASETS, dataset_class
from minifcn.data.dataset import data_root
from minifcn.system.records import add_option, flag


def add_dataset_argument(parser: argparse.ArgumentParser, required: bool = True) -> None:
    """Add the name of a data set, which has to be given unless it is not `required`."""
    parser.add_argument(
        "dataset",
        metavar="DATASET",
        nargs=None if required else "?",
        choices=list(DATASETS),
        help="shapes: drawn ones, which need no files; folder: your own images; or one of the "
        "paper's: voc, sbd, nyud, siftflow, context",
    )


def add_data_dir(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where a data set is."""
    said = "the folder in which the data lies (default: $MINIFCN_DATA or, without it, ./data)"
    parser.add_argument("--data-dir", metavar="DIR", help=said)


def add_data_options(parser: argparse._ActionsContainer) -> None:
    """Add the options of all data sets to a parser, or to a group of one."""
    types: dict[str, Any] = {}
    meanings = defaultdict(list)
    for dataset in DATASETS:
        kind = dataset_class(dataset)
        for name, meaning in getattr(kind, "options", {}).items():
            types[name] = get_type_hints(kind.__init__)[name]
            meanings[name].append(f"{dataset}: {meaning}")
    for name, said in meanings.items():
        add_option(parser, flag(name), types[name], default=None, help="; ".join(said))


def take_data_options(parsed: dict[str, Any]) -> dict[str, Any]:
    """Remove the options of data sets from what was parsed; return those that were given."""
    names = {name for one in DATASETS for name in getattr(dataset_class(one), "options", {})}
    taken = {name: parsed.pop(name) for name in sorted(names)}
    return {name: value for name, value in taken.items() if value is not None}


def data_folders(dataset: str, data_dir: str | None) -> list[Path]:
    """Return the folders that a data set is read from: none of a data set without files."""
    has_files = "data_dir" in inspect.signature(dataset_class(dataset)).parameters
    return [data_root(data_dir)] if has_files else []
