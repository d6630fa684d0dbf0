"""Check a layer's hand-written gradients by differences: `python -m minifcn.gradcheck conv`.

The arithmetic of the check is in `minifcn/net/gradcheck.py`; from Python, for a layer of your own:

    >>> from minifcn.gradcheck import check_layer
    >>> from minifcn.layers import Conv2d
    >>> print(check_layer(Conv2d(3, 4, 3, pad=1), (2, 3, 5, 6)))
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from minifcn import layers
from minifcn.checking.judge import judge_file
from minifcn.checking.verdicts import summary, verdict_lines
from minifcn.distributed.guard import guarded
from minifcn.net.gradcheck import Check, Report, check_function, check_layer, check_net

__all__ = ["Check", "Report", "check_function", "check_layer", "check_net", "main"]


class Example(NamedTuple):
    """A layer to be checked, and the shapes of its inputs: all sizes different, none square."""

    make: Callable[[], layers.Layer]
    shapes: tuple[tuple[int, ...], ...]


EXAMPLES = {
    "conv": Example(lambda: layers.Conv2d(3, 4, (3, 2), stride=2, pad=1), ((2, 3, 7, 6),)),
    "deconv": Example(lambda: layers.Deconv2d(3, 2, (4, 3), stride=2, pad=1), ((2, 3, 4, 5),)),
    "max-pool": Example(lambda: layers.MaxPool2d(3, stride=2), ((2, 3, 7, 6),)),
    "avg-pool": Example(lambda: layers.AvgPool2d(3, stride=2), ((2, 3, 7, 6),)),
    "relu": Example(layers.ReLU, ((2, 3, 5, 4),)),
    "lrn": Example(layers.LRN, ((2, 7, 3, 4),)),
    "linear": Example(lambda: layers.Linear(60, 7), ((2, 3, 5, 4),)),
    "dropout": Example(lambda: layers.Dropout(0.4), ((2, 3, 5, 4),)),
    "scale": Example(lambda: layers.Scale(3, 0.5), ((2, 3, 5, 4),)),
    "sum": Example(layers.EltwiseSum, ((2, 3, 5, 4), (2, 3, 5, 4))),
    "concat": Example(layers.Concat, ((2, 3, 5, 4), (2, 1, 5, 4))),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return 1 if a gradient is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m minifcn.gradcheck",
        description="Compare the hand-written gradients of layers with central differences.",
    )
    parser.add_argument("layer", nargs="*", metavar="LAYER", help=f"of {', '.join(EXAMPLES)}")
    parser.add_argument("--yours", type=Path, metavar="FILE", help="judge the functions in a file")
    args = parser.parse_args(argv)
    if args.yours:
        return guarded(lambda _: judge(args.yours))
    names = args.layer or list(EXAMPLES)
    unknown = [name for name in names if name not in EXAMPLES]
    if unknown:
        parser.error(f"no layer is called {unknown[0]!r}; there are {', '.join(EXAMPLES)}")
    return guarded(lambda _: command(names))


def command(names: Sequence[str]) -> int:
    """Check examples and print the reports; return 1 if a gradient is wrong."""
    reports = {name: check_layer(EXAMPLES[name].make(), *EXAMPLES[name].shapes) for name in names}
    for name, report in reports.items():
        print(f"{name}\n{report}\n")
    return 0 if all(report.ok for report in reports.values()) else 1


def judge(file: Path) -> int:
    """Judge the functions in a file; return 1 if one is wrong, or not written yet."""
    verdicts = judge_file(file)
    for verdict in verdicts:
        print("\n".join(verdict_lines(verdict)), end="\n\n")
    print("\n".join(summary(verdicts)))
    return 0 if all(verdict.right for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
