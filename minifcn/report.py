"""Report on runs in one page: `python -m minifcn.report RUN...`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from minifcn.distributed.guard import guarded
from minifcn.reporting.pages import is_report, write_report
from minifcn.reporting.run_record import find_runs, read_run
from minifcn.system.command import command_parser
from minifcn.system.outputs import add_overwrite_option, refuse_losses

DESCRIPTION = """\
Write a report on one or more runs, whether they have finished or not: the curves of the loss and of
the paper's four figures, sample pictures, the IU of each class, what is confused with what, the
settings, the machine, time and memory. It is one file that a browser opens from the disk.

  python -m minifcn.report runs/shapes-fcn8s -o report.html
  python -m minifcn.report runs/first runs/second           side by side, with what differs marked

While a net is trained, its run keeps a report.html of its own up to date.
"""


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("report", DESCRIPTION)
    result.add_argument(
        "runs", metavar="RUN", nargs="+", type=Path, help="the folder of a run, or of its stages"
    )
    result.add_argument(
        "-o",
        "--out",
        metavar="FILE",
        type=Path,
        default=Path("report.html"),
        help="the page to write (default: report.html)",
    )
    add_overwrite_option(result)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    args = parser().parse_args(argv)
    return guarded(lambda _: command(args))


def command(args: argparse.Namespace) -> int:
    """Do what the options ask for; return the exit status."""
    if not is_report(args.out):  # an older report is replaced
        refuse_losses([args.out], args.runs, args.overwrite)
    runs = [read_run(run) for folder in args.runs for run in find_runs(folder)]
    write_report(args.out, runs)
    print(f"report on {', '.join(run.name for run in runs)}: {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
