"""What the benchmarks of whole nets against others share: options, a side's peak, the table."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any

from common import (
    Row,
    add_rival_options,
    finish,
    parser,
    peak_memory,
    print_row,
    use_threads,
)
from nets import add_case_options

CASES = ("fcn8s-500", "googlenet", "alexnet", "demo")  # unless others are chosen


def options_of(description: str, *rivals: str) -> argparse.ArgumentParser:
    """Return a parser with the options of cases and of rivals."""
    options = parser(description)
    add_case_options(options, *CASES)
    add_rival_options(options, *rivals)
    return options


def print_peak(run: Callable[[], Any], threads: int) -> None:
    """Run a side twice, and print the peak memory of this process."""
    use_threads(threads)
    for _ in range(2):
        run()
    print(peak_memory())


def tabulate(rows: Iterable[Row], widths: dict[str, int], args: argparse.Namespace) -> int:
    """Print rows as they come, and what they depend on; return the exit status."""
    done: list[Row] = []
    for row in rows:
        print_row(row, widths, header=not done)
        done.append(row)
    return finish(done, args)
