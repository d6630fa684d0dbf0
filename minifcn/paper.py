"""Figures of the paper that need no training: `python -m minifcn.paper table1`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from tqdm import tqdm

from minifcn.backend import set_threads
from minifcn.data.dataset import DataError
from minifcn.data.palette import read_label
from minifcn.experiments.table1 import table1
from minifcn.experiments.upper_bounds import (
    FACTORS,
    METHODS,
    PAPER_MEAN_IU,
    label_files,
    upper_bounds,
)

DESCRIPTION = """\
Compute figures of the paper that need no training, and print them beside the paper's.

  python -m minifcn.paper table1                       layers, parameters, receptive field, stride
  python -m minifcn.paper upper-bounds SegmentationClass     what coarse output costs, at the least
"""
UPPER_BOUNDS = """\
Downsample every label map of a folder by each factor, upsample it again, and print the mean IU of
the result against the map itself: a bound for nets with that stride. The figures beside it are the
paper's, for the 736 maps of its validation set (seg11valid). Pixels labelled 255 do not count.
"""


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = argparse.ArgumentParser(
        prog="python -m minifcn.paper",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    figures = result.add_subparsers(required=True, metavar="FIGURES")
    table = figures.add_parser("table1", help="the geometry of the three nets of Table 1")
    table.set_defaults(run=_table1)
    bounds = figures.add_parser(
        "upper-bounds",
        help="upper bounds on mean IU by stride (appendix A)",
        description=UPPER_BOUNDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    bounds.add_argument("labels", metavar="LABELS", help="a folder of label maps (PNG)")
    bounds.add_argument(
        "--method",
        choices=METHODS,
        default=next(iter(METHODS)),
        help="how to resample; the default comes closest to the paper (docs/upper-bounds.md)",
    )
    bounds.add_argument("--factors", type=int, nargs="+", default=list(FACTORS), metavar="F")
    bounds.add_argument("--threads", type=int, default=0, metavar="N", help="0: as many as allowed")
    bounds.set_defaults(run=_upper_bounds)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    args = parser().parse_args(argv)
    run: Callable[[argparse.Namespace], None] = args.run
    try:
        run(args)
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _table1(args: argparse.Namespace) -> None:
    print(table1())


def _upper_bounds(args: argparse.Namespace) -> None:
    if min(args.factors) < 1:
        raise DataError(f"a factor is a number of pixels, at least 1, not {min(args.factors)}")
    set_threads(args.threads)
    files = label_files(args.labels)
    with tqdm(files, unit="map", leave=False) as watched:
        labels = (read_label(file) for file in watched)
        bounds = upper_bounds(labels, args.factors, METHODS[args.method])
    print(f"mean IU of {len(files)} label maps, method {args.method}")
    print("factor   mean IU   the paper   difference")
    for factor, bound in bounds.items():
        percent = round(100 * bound, 1)
        line = f"{factor:6}  {percent:8.1f}"
        if factor in PAPER_MEAN_IU:
            paper = PAPER_MEAN_IU[factor]
            line += f"  {paper:10.1f}  {percent - paper:+11.1f}"
        print(line)


if __name__ == "__main__":
    sys.exit(main())
