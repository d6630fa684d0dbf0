"""The best mean IU that a net of a given stride could reach: truth, made coarse and fine again.

The ground truth is downsampled by a factor f, upsampled by f, and counted as a prediction against
itself over a whole set. The paper prints the mean IU on its validation set (appendix A), to show
how little the coarseness of a net's output costs, but not how it resamples. Found by trying, on the
736 maps of seg11valid:

    factor               128     64     32     16      8      4
    the paper           50.9   73.3   86.1   92.8   96.4   98.5
    bilinear            51.3   73.5   86.2   92.8   96.4   98.5   the default
    bilinear-ignoring   55.3   77.6   90.0   96.5   99.4  100.0
    means-bilinear      57.8   79.1   91.0   97.1   99.6  100.0
    majority            55.6   71.8   84.4   93.1   98.2   99.9
    nearest             52.7   68.6   81.2   90.0   95.0   97.3

So each class is a map of its own, 1 where the class is and 0 elsewhere; each is averaged with the
kernel of bilinear upsampling, upsampled with the same kernel, and the largest wins. That is an
FCN's own arithmetic: a convolution with the kernel of section 3.3, then its transpose. What is
labelled 255 is background while it is resampled, which costs up to 4 points, for it wears the
boundaries of objects away; it is ignored when it is counted. docs/upper-bounds.md has what else
was tried.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from minifcn.backend import IGNORE
from minifcn.data.dataset import DataError
from minifcn.data.palette import read_label
from minifcn.experiments.data_sets import SMOKE_IMAGES
from minifcn.experiments.experiment import (
    EXACT,
    FAILS,
    HOLDS,
    OPEN,
    Chart,
    Curve,
    Experiment,
    Result,
    Row,
)
from minifcn.experiments.lab import IU, Lab
from minifcn.experiments.resampling import METHODS, Method, resample
from minifcn.inference.metrics import ConfusionMatrix
from minifcn.system.command import DOCS
from minifcn.system.progress import watched

LARGEST = 4096  # factor
FACTORS = (128, 64, 32, 16, 8, 4)
PAPER_MEAN_IU = dict(zip(FACTORS, (50.9, 73.3, 86.1, 92.8, 96.4, 98.5), strict=True))
CLOSE = 90  # percent: what the stride of an FCN-8s still has to allow
NOTES = (
    "Drawn shapes are small and have thin parts on purpose. On the 736 label maps of seg11valid "
    "the bounds are the paper's, to half a point: give the folder of your label maps, behind "
    "the name of the experiment.",
)


def upper_bounds(
    labels: Iterable[np.ndarray], factors: Sequence[int], method: Method
) -> dict[int, float]:
    """Return the mean IU of a set of label maps, resampled by each factor, against themselves.

    The maps are uint8 (H, W), 255 = ignored. One confusion matrix is counted for the whole set;
    classes that do not occur are left out. The mean IU is within 0..1, NaN if nothing is labelled.
    """
    matrices = {factor: ConfusionMatrix(IGNORE) for factor in factors}
    for label in labels:
        for factor, matrix in matrices.items():
            matrix.update(label, resample(label, factor, method))
    return {factor: matrix.scores().mean_iu for factor, matrix in matrices.items()}


def label_files(folder: str | Path) -> list[Path]:
    """Return the PNG files of a folder, sorted.

    Raises
    ------
    DataError
        If it is no folder, or has none.
    """
    files = sorted(Path(folder).glob("*.png")) if Path(folder).is_dir() else []
    if not files:
        raise DataError(
            f"{folder} is not a folder with label maps; give one with PNG files of class indices, "
            "such as VOC's SegmentationClass"
        )
    return files


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that `compare` takes."""
    parser.add_argument(
        "labels",
        metavar="LABELS",
        nargs="?",
        help="a folder of label maps (PNG; 255 does not count); the paper's is seg11valid's 736 "
        "(default: those of drawn shapes)",
    )
    parser.add_argument(
        "--method",
        choices=METHODS,
        default=next(iter(METHODS)),
        help="how to resample (default: %(default)s, which comes closest to the paper; "
        f"{DOCS}/upper-bounds.md tells why)",
    )
    parser.add_argument(
        "--factors",
        type=int,
        nargs="+",
        default=list(FACTORS),
        metavar="F",
        help=f"by how much (default: {' '.join(map(str, FACTORS))})",
    )


def compare(
    lab: Lab,
    labels: str | None = None,
    method: str = "bilinear",
    factors: Sequence[int] = FACTORS,
) -> Result:
    """Compute the upper bounds of a folder of label maps, or of drawn ones, beside the paper's.

    Raises
    ------
    DataError
        If a factor is less than 1 or very large, the folder has no label maps, or one is unusable.
    """
    if min(factors) < 1:
        raise DataError(f"a factor is a number of pixels, at least 1, not {min(factors)}")
    if max(factors) > LARGEST:
        raise DataError(f"a factor is at most {LARGEST} pixels, not {max(factors)}")
    if labels is None:
        drawn = lab.dataset()
        count = SMOKE_IMAGES if lab.smoke else len(drawn)
        maps = (drawn[i].label for i in watched(range(count), "upper bounds", unit="maps"))
        of = f"{count} label maps of drawn shapes"
    else:
        files = label_files(labels)
        maps = (read_label(file) for file in watched(files, "upper bounds", unit="maps"))
        of = f"{len(files)} label maps"
    found = upper_bounds(maps, factors, METHODS[method])
    bounds = {factor: 100 * bound for factor, bound in found.items()}
    rows = [
        Row(f"factor {factor}", {IU: [bound]}, {IU: PAPER_MEAN_IU[factor]})
        if factor in PAPER_MEAN_IU
        else Row(f"factor {factor}", {IU: [bound]})
        for factor, bound in bounds.items()
    ]
    printed = {factor: PAPER_MEAN_IU[factor] for factor in factors if factor in PAPER_MEAN_IU}
    curves = [
        Curve(name, list(of_factor), [list(of_factor.values())])
        for name, of_factor in (("here", bounds), ("the paper", printed))
    ]
    coarser = [bounds[factor] for factor in sorted(factors)]
    falls = all(fine >= coarse for fine, coarse in itertools.pairwise(coarser))
    at_8 = bounds.get(8, math.nan)
    verdict = OPEN if math.isnan(at_8) else HOLDS if falls and at_8 > CLOSE else FAILS
    chart = Chart("What a stride allows", "stride, pixels", IU, curves, x_log=True)
    reason = f"On {of} (method {method}), a stride of 8 pixels allows a mean IU of {at_8:.1f}."
    return Result(rows, verdict, reason, [chart], notes=NOTES if labels is None else ())


UPPER_BOUNDS = Experiment(
    "appendix A",
    "A coarse output bounds the mean IU less than one would think: label maps made coarse and fine "
    "again.",
    "by a factor of 128 to 4: 50.9, 73.3, 86.1, 92.8, 96.4, 98.5",
    compare,
    {"shapes": 1},
    add_options,
    idle=EXACT,
)
