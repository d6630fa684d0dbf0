"""The options of `predict` that ask for scores between the coarse ones."""

from __future__ import annotations

import argparse

from minifcn.inference.model import Model
from minifcn.inference.segmenter import DENSE_STRIDE, Segmenter
from minifcn.models.dense import METHODS
from minifcn.system.records import AT_LEAST_1, SettingsError, of_range


def add_dense_options(parser: argparse.ArgumentParser) -> None:
    """Add `--dense` and `--dense-stride`."""
    parser.add_argument(
        "--dense",
        choices=METHODS,
        help="for an FCN-32s: compute scores between the coarse ones, untrained, instead of "
        "interpolating; rarefy: once, by kernels with holes, which takes up to (32 / N) ** 2 times "
        "as long and as much memory; stitch: by (32 / N) ** 2 runs on shifts of the image, which "
        "come to the same (default: neither)",
    )
    parser.add_argument(
        "--dense-stride",
        metavar="N",
        type=of_range(int, AT_LEAST_1),
        help=f"pixels between these scores: 16, 8, 4, 2 or 1 (default: {DENSE_STRIDE})",
    )


def segmenter_of(model: Model, args: argparse.Namespace) -> Segmenter:
    """Return what segments by a model, densely if the options say so.

    Raises
    ------
    SettingsError
        If the net cannot be made dense, or not so.
    """
    if args.dense is None:
        if args.dense_stride is not None:
            raise SettingsError("--dense-stride is of --dense rarefy or stitch: give that as well")
        return Segmenter(model)
    try:
        return Segmenter(model, dense=args.dense, dense_stride=args.dense_stride or DENSE_STRIDE)
    except ValueError as error:
        raise SettingsError(f"--dense {args.dense}: {error}") from error
