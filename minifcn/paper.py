"""What the paper shows, computed here: `python -m minifcn.paper EXPERIMENT`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from minifcn.distributed.guard import guarded
from minifcn.experiments import EXPERIMENTS, experiment
from minifcn.system.command import command_parser

DESCRIPTION = """\
Compute what the paper shows, and print it beside the paper's figures.

  python -m minifcn.paper                                    list the experiments
  python -m minifcn.paper table1
  python -m minifcn.paper upper-bounds SegmentationClass     --help tells its options
"""


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("paper", DESCRIPTION)
    experiments = result.add_subparsers(dest="experiment", metavar="EXPERIMENT")
    for name in EXPERIMENTS:
        section, sentence, _, add_options = experiment(name)
        said = f"{sentence} ({section})".replace("%", "%%")
        options = experiments.add_parser(name, help=said, description=said)
        if add_options is not None:
            add_options(options)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = vars(parser().parse_args(argv))
    name = options.pop("experiment")
    if name is None:
        parser().print_help()
        return 0
    return guarded(lambda _: run(name, options))


def run(name: str, options: dict[str, object]) -> int:
    """Print the lines of an experiment; return the exit status."""
    for line in experiment(name).run(**options):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
