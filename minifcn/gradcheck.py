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
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from minifcn.checking.case import Case
from minifcn.checking.check import check_case
from minifcn.checking.exercise import judge_file
from minifcn.checking.net_table import net_lines
from minifcn.checking.nets import NET_EXAMPLES, NETS, Prepared, check_prepared
from minifcn.checking.nets import STEP as NET_STEP
from minifcn.checking.operations import OPERATIONS, Operation
from minifcn.checking.options import add_build_options, command_of, take_build_options
from minifcn.checking.plot import curves_of_case, curves_of_net, plot, require_format
from minifcn.checking.tables import WIDTH, case_lines, compact_lines, counts, legend
from minifcn.checking.verdicts import summary, verdict_lines
from minifcn.distributed.guard import guarded
from minifcn.models.fcn import STRIDES
from minifcn.net.differences import STEP
from minifcn.net.gradcheck import Check, Report, check_function, check_layer, check_net
from minifcn.system.command import command_parser
from minifcn.system.mishaps import Mishap
from minifcn.system.outputs import add_overwrite_option, refuse_losses

__all__ = ["Check", "Report", "check_function", "check_layer", "check_net", "main"]

DESCRIPTION = """\
Hold the hand-written gradients of a layer or a net to differences of its output. A layer that can
be computed in several ways is checked by each of them, and against its plain loops.

  python -m minifcn.gradcheck conv
  python -m minifcn.gradcheck conv --size 24 --kernel 3 --stride 2 --filters 4
  python -m minifcn.gradcheck fcn8s --width 0.0625
  python -m minifcn.gradcheck --all                     every layer, by every way, in many shapes
  python -m minifcn.gradcheck --yours exercise.py       judge functions that you have written

`NAME --help` tells what can be chosen of each. The exit status is 1 if anything is wrong.
"""


# What can be checked by its name.
NAMES: dict[str, Operation] = {
    **OPERATIONS,
    **{n: Operation("FCN" if n in STRIDES else "classifier", b, ()) for n, b in NETS.items()},
}


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("gradcheck", DESCRIPTION)
    result.add_argument("--all", action="store_true", help="check all layers by all examples")
    said = "judge the functions in a Python file by minifcn's of the same names (default: none)"
    result.add_argument("--yours", type=Path, metavar="FILE", help=said)
    add_plot_options(result)
    behind = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    add_plot_options(behind)  # which leave alone what stands before the name
    names = result.add_subparsers(dest="name", metavar="NAME", title="what can be checked")
    for name, (about, build, _) in NAMES.items():
        one = names.add_parser(name, help=about, parents=[behind])
        add_build_options(one, build)
        if name in OPERATIONS:
            said = "check all examples of it"
            one.add_argument("--all", action="store_true", default=argparse.SUPPRESS, help=said)
    return result


def add_plot_options(parser: argparse.ArgumentParser) -> None:
    """Add what may stand before the name of what is checked, or behind it."""
    said = "draw the error of differences against their step to an SVG or PNG (default: no)"
    parser.add_argument("--plot", type=Path, metavar="FILE", help=said)
    add_overwrite_option(parser)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return 1 if anything is wrong."""
    reader = parser()
    args = reader.parse_args(argv)
    if bool(args.name or args.all) == (args.yours is not None):
        reader.error("give the name of a layer or a net, or --all, or --yours FILE")
    if args.plot and not args.name:
        reader.error("--plot draws one layer or net: give its name too")
    if args.name and args.all and (args.plot or asked_for(args)[0] != args.name):
        reader.error("--all has sizes of its own; leave the other options out")
    return guarded(lambda _: command(args))


def command(args: argparse.Namespace) -> int:
    """Check what the options ask for and print what was found; return 1 if anything is wrong."""
    if args.yours:
        return judge(args.yours)
    if args.all:
        return check_all([args.name] if args.name else [*OPERATIONS, *NET_EXAMPLES])
    if args.plot:
        require_format(args.plot)
        refuse_losses([args.plot], [], args.overwrite)
    title, options = asked_for(args)
    try:
        built = NAMES[args.name].build(**options)
        lines, right = checked_net(title, built) if args.name in NETS else checked(title, built)
    except ValueError as error:  # sizes that do not fit each other
        raise Mishap(str(error)) from error
    print("\n".join(lines))
    if args.plot:
        if args.name in NETS:
            plot(f"{title}: differences of the loss", curves_of_net(built), NET_STEP, args.plot)
        else:
            said = f"{title}: differences of sum(dy * sin(y))"
            plot(said, curves_of_case(built), STEP, args.plot)
        print(f"\nerror against step: {args.plot}")
    return 0 if right else 1


def asked_for(args: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """Return what is to be checked, as a command and as the arguments of what builds it."""
    build = NAMES[args.name].build
    options = take_build_options(build, vars(args))
    return command_of(args.name, build, options), options


def checked(title: str, case: Case) -> tuple[list[str], bool]:
    """Check a layer by every way; return what to print, and whether all are right."""
    rows = check_case(case)
    right = not any(row.findings for row in rows)
    return [*case_lines(title, case, rows), "", *legend(rows)], right


def checked_net(title: str, prepared: Prepared) -> tuple[list[str], bool]:
    """Check a net; return what to print, and whether all gradients are right."""
    found = check_prepared(prepared)
    return list(net_lines(title, prepared, found)), found.ok


def check_all(names: Sequence[str]) -> int:
    """Check the examples of some layers and nets; return 1 if anything is wrong."""
    began = time.monotonic()
    wrong: list[str] = []
    shapes: dict[str, Counter[str]] = {}  # how many each way has computed
    lines: Iterable[str]
    for name in names:
        build, examples = NAMES[name].build, NET_EXAMPLES.get(name) or OPERATIONS[name].examples
        for options in examples:
            title, built = command_of(name, build, options), build(**options)
            if name in NETS:
                lines, right = checked_net(title, built)
                wrong += [] if right else [title]
                print("\n".join([f"{title:{WIDTH - 14}}  right"] if right else ["", *lines, ""]))
                continue
            rows = check_case(built)
            shapes.setdefault(name, Counter()).update(row.way for row in rows if row.ran)
            bad = [row.way for row in rows if row.findings]
            wrong += [f"{title}: by {', '.join(bad)}"] if bad else []
            lines = ["", *case_lines(title, built, rows), ""] if bad else compact_lines(title, rows)
            print("\n".join(lines))
    print("\nshapes that were checked, by")
    print("\n".join(counts(shapes)))
    verdict = [f"WRONG: {one}" for one in wrong] or ["all is right"]
    print("\n".join(["", *verdict, f"({time.monotonic() - began:.0f} s)"]))
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
