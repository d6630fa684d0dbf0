"""What the paper says, tried here: `python -m minifcn.paper EXPERIMENT`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from minifcn.distributed.guard import guarded
from minifcn.experiments import EXPERIMENTS, experiment
from minifcn.experiments.conduct import SEEDS, conduct
from minifcn.experiments.data_sets import DATA_SETS
from minifcn.system.command import command_parser
from minifcn.system.records import AT_LEAST_1, THREADS, SettingsError, of_range

DESCRIPTION = """\
Try what the paper says: each statement is a command, which prints its figures beside the paper's,
draws a picture, and says whether the statement holds at this size.

  python -m minifcn.paper                                    list the experiments
  python -m minifcn.paper upsampling                         one of them
  python -m minifcn.paper table2 --data camvid --data-dir DIR --weights FILE
  python -m minifcn.paper all                                all, over hours; goes on where it was
  python -m minifcn.paper all --smoke                        only try it: all, in seconds each

Results, a table and a picture go to runs/paper/NAME-DATA; trainings are ordinary runs, in
runs/paper/runs, made once and shared.
"""
FOLDER = Path("runs/paper")
ALL = "all"


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("paper", DESCRIPTION)
    names = result.add_subparsers(dest="experiment", metavar="EXPERIMENT")
    for name in EXPERIMENTS:
        one = experiment(name)
        minutes = ", ".join(f"{data} {minutes} min" for data, minutes in one.minutes.items())
        said = f"{one.statement} ({one.section}; {minutes})".replace("%", "%%")
        options = names.add_parser(name, help=said, description=said)
        if one.add_options is not None:
            one.add_options(options)
        add_common_options(options, list(one.minutes))
    said = "every experiment on one kind of data that is not done yet"
    add_common_options(names.add_parser(ALL, help=said, description=said), list(DATA_SETS))
    return result


def add_common_options(options: argparse.ArgumentParser, data: list[str]) -> None:
    """Add what all experiments take."""
    options.add_argument(
        "--data",
        choices=data,
        default=data[0],
        help="what it is tried on (default: %(default)s)",
    )
    options.add_argument(
        "--data-dir", metavar="DIR", help="where it lies, if it is not drawn (default: none)"
    )
    options.add_argument(
        "--weights", metavar="FILE", help="what nets start from (default: what comes along)"
    )
    options.add_argument(
        "--seeds",
        type=of_range(int, AT_LEAST_1),
        metavar="N",
        help=f"how many trainings of each kind (default: {SEEDS})",
    )
    options.add_argument(
        "--out",
        type=Path,
        default=FOLDER,
        metavar="DIR",
        help=f"where runs and results go (default: {FOLDER})",
    )
    options.add_argument(
        "--smoke", action="store_true", help="only try it: go the whole way in seconds"
    )
    options.add_argument(
        "--threads",
        type=of_range(int, THREADS),
        default=0,
        metavar="N",
        help="how many threads of the CPU; 0: as many as allowed (default: 0)",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = vars(parser().parse_args(argv))
    name = options.pop("experiment")
    if name is None:
        parser().print_help()
        return 0
    return guarded(lambda _: run(name, options))


def run(name: str, options: dict[str, Any]) -> int:
    """Conduct an experiment, or all that are not done; return the exit status."""
    options["note"] = partial(print, flush=True)
    if name != ALL:
        for option, why in experiment(name).idle.items():
            if options[option] is not None:
                raise SettingsError(f"{name}: {why}; leave --{option} out")
    if options["seeds"] is None:
        options["seeds"] = SEEDS
    if name != ALL:
        print(conduct(name, **options))
        return 0
    for one in EXPERIMENTS:
        if options["data"] in experiment(one).minutes:
            print(f"--- {one}", flush=True)
            print(conduct(one, **options, again=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
