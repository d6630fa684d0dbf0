"""Check the hand-written gradients by differences: `python -m minifcn.gradcheck conv`.

What is checked, and how, is in `minifcn/checking/`; the differences themselves are in
`minifcn/net/differences.py`. From Python, for a layer of your own:

    >>> from minifcn.gradcheck import check_layer
    >>> from minifcn.layers import Conv2d
    >>> print(check_layer(Conv2d(3, 4, 3, pad=1), (2, 3, 5, 6)))
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from minifcn.checking.check import check_case
from minifcn.checking.judge import judge_file
from minifcn.checking.net_table import net_lines
from minifcn.checking.nets import NETS, check_prepared
from minifcn.checking.operations import OPERATIONS
from minifcn.checking.options import add_build_options, command_of, take_build_options
from minifcn.checking.tables import case_lines, compact_lines, legend
from minifcn.checking.verdicts import summary, verdict_lines
from minifcn.distributed.guard import guarded
from minifcn.net.gradcheck import Check, Report, check_function, check_layer, check_net
from minifcn.system.command import command_parser
from minifcn.system.mishaps import Mishap

__all__ = ["Check", "Report", "check_function", "check_layer", "check_net", "main"]

DESCRIPTION = """\
Hold the hand-written gradients of a layer or a net to differences of its output. A layer that can
be computed in several ways is checked by each of them, and against its plain loops.

  python -m minifcn.gradcheck conv
  python -m minifcn.gradcheck conv --size 24 --kernel 3 --stride 2 --channels 8 --filters 4
  python -m minifcn.gradcheck fcn8s --width 0.0625
  python -m minifcn.gradcheck --all                     every layer, by every way, in many shapes
  python -m minifcn.gradcheck --yours exercise.py       judge functions that you have written

`NAME --help` tells what can be chosen. The exit status is 1 if anything is wrong.
"""


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("gradcheck", DESCRIPTION)
    result.add_argument("--all", action="store_true", help="check everything by all examples")
    said = "judge the functions in a Python file by those of the same names in functional/naive/"
    result.add_argument("--yours", type=Path, metavar="FILE", help=said)
    names = result.add_subparsers(dest="name", metavar="NAME", title="what can be checked")
    for name, build in {**{n: o.build for n, o in OPERATIONS.items()}, **NETS}.items():
        add_build_options(names.add_parser(name, help=""), build)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return 1 if anything is wrong."""
    reader = parser()
    args = reader.parse_args(argv)
    if sum([bool(args.name), args.all, args.yours is not None]) != 1:
        reader.error("give the name of a layer or a net, or --all, or --yours FILE")
    return guarded(lambda _: command(args))


def command(args: argparse.Namespace) -> int:
    """Check what the options ask for and print what was found; return 1 if anything is wrong."""
    try:
        if args.yours:
            return judge(args.yours)
        if args.all:
            return check_all()
        if args.name in NETS:
            return check_a_net(args)
        return check_operation(args)
    except ValueError as error:  # sizes that do not fit each other
        raise Mishap(str(error)) from error


def check_operation(args: argparse.Namespace) -> int:
    """Check one operation by every way; return 1 if one is wrong."""
    build = OPERATIONS[args.name].build
    options = take_build_options(build, vars(args))
    case = build(**options)
    rows = check_case(case)
    print("\n".join(case_lines(command_of(args.name, build, options), case, rows)))
    print()
    print("\n".join(legend(rows)))
    return 1 if any(row.findings for row in rows) else 0


def check_a_net(args: argparse.Namespace) -> int:
    """Check a net; return 1 if a gradient is wrong."""
    build = NETS[args.name]
    options = take_build_options(build, vars(args))
    prepared = build(**options)
    found = check_prepared(prepared)
    print("\n".join(net_lines(command_of(args.name, build, options), prepared, found)))
    return 0 if found.ok else 1


def check_all() -> int:
    """Check all examples of all operations; return 1 if one is wrong."""
    began, wrong = time.monotonic(), []
    for name, operation in OPERATIONS.items():
        for options in operation.examples:
            case, title = operation.build(**options), command_of(name, operation.build, options)
            rows = check_case(case)
            bad = [row.way for row in rows if row.findings]
            print("\n".join(case_lines(title, case, rows) if bad else compact_lines(title, rows)))
            wrong += [f"{title}: {', '.join(bad)}"] if bad else []
    print()
    print("\n".join(f"WRONG: {one}" for one in wrong) or "all are right", end=" ")
    print(f"({time.monotonic() - began:.0f} s)")
    return 1 if wrong else 0


def judge(file: Path) -> int:
    """Judge the functions in a file; return 1 if one is wrong, or not written yet."""
    verdicts = judge_file(file)
    for verdict in verdicts:
        print("\n".join(verdict_lines(verdict)), end="\n\n")
    print("\n".join(summary(verdicts)))
    return 0 if all(verdict.right for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
