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
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minifcn.backend import IGNORE, set_threads
from minifcn.data.dataset import DataError
from minifcn.data.palette import read_label
from minifcn.experiments.experiment import Experiment
from minifcn.inference.metrics import ConfusionMatrix
from minifcn.system.command import DOCS
from minifcn.system.progress import watched
from minifcn.system.records import THREADS, of_range

LARGEST = 4096  # factor
FACTORS = (128, 64, 32, 16, 8, 4)
PAPER_MEAN_IU = dict(zip(FACTORS, (50.9, 73.3, 86.1, 92.8, 96.4, 98.5), strict=True))
BACKGROUND = 0


class Method(NamedTuple):
    """A way to make a label map coarse and fine again.

    The map is cut into cells of f x f pixels, from the top left; the last may reach over the edge.

    Attributes
    ----------
    samples : "corners", "means" or "middles"
        Corners: a sample at each corner of a cell, of all pixels less than f away, the nearer the
        more (the bilinear kernel); beyond the edges the map is mirrored. Means: of each cell's
        pixels. Middles: the pixel in the middle of each cell.
    up : "bilinear" or "nearest"
        What a pixel sees: the four samples around it, or the one it is closest to.
    ignored_is_background : bool
        Resample what is labelled 255 as background; otherwise no class is there.
    """

    samples: str
    up: str
    ignored_is_background: bool = False


METHODS = {
    "bilinear": Method("corners", "bilinear", ignored_is_background=True),
    "bilinear-ignoring": Method("corners", "bilinear"),
    "means-bilinear": Method("means", "bilinear"),
    "majority": Method("means", "nearest"),
    "nearest": Method("middles", "nearest"),
}


def downsampling_matrix(size: int, factor: int, samples: str) -> np.ndarray:
    """Return the weights of each pixel of an axis in each sample.

    Parameters
    ----------
    size, factor : int
        In pixels, at least 1.
    samples : "corners", "means" or "middles"
        See `Method`. There are ceil(size / factor) cells, and one corner more.

    Returns
    -------
    weights : ndarray (samples, size), float32
        Each row has the sum 1.
    """
    cells = -(-size // factor)
    if samples == "corners":
        pixels = np.arange(-factor, (cells + 1) * factor)
        distance = np.abs((pixels + 0.5) / factor - np.arange(cells + 1)[:, None])
        # Each pixel beyond the edge is one of the map, which `inside` (pixels, size) says.
        mirrored = np.pad(np.arange(size), (factor, len(pixels) - factor - size), mode="symmetric")
        inside = mirrored[:, None] == np.arange(size)
        weights = np.clip(1 - distance, 0, None) @ inside
    elif samples == "means":
        weights = np.equal.outer(np.arange(cells), np.arange(size) // factor)
    else:
        middles = np.minimum(np.arange(cells) * factor + factor // 2, size - 1)
        weights = np.equal.outer(middles, np.arange(size))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def upsampling_matrix(size: int, factor: int, samples: str, up: str) -> np.ndarray:
    """Return the weights of each sample in each pixel of an axis: the way back.

    Beyond the outermost middles, their values go on to the edge.

    Parameters
    ----------
    size, factor, samples
        As for `downsampling_matrix`.
    up : "bilinear" or "nearest"

    Returns
    -------
    weights : ndarray (size, samples), float32
        Each row has the sum 1.
    """
    corners = samples == "corners"
    last = -(-size // factor) - (0 if corners else 1)
    # Where each pixel lies among the samples: at 0 on the first, at 1 on the second.
    place = (np.arange(size) + 0.5) / factor - (0 if corners else 0.5)
    place = np.clip(place, 0, last)[:, None]
    number = np.arange(last + 1)
    if up == "nearest":
        return (np.floor(place + 0.5) == number).astype(np.float32)
    return np.clip(1 - np.abs(place - number), 0, None).astype(np.float32)


@lru_cache(maxsize=256)  # the maps of a set share a few sizes
def _matrices(size: int, factor: int, method: Method) -> tuple[np.ndarray, np.ndarray]:
    down = downsampling_matrix(size, factor, method.samples)
    return down, upsampling_matrix(size, factor, method.samples, method.up)


def resample(label: np.ndarray, factor: int, method: Method) -> np.ndarray:
    """Return a label map that was downsampled and upsampled again.

    Where classes are equally strong the lowest wins; where there is none, the background.

    Parameters
    ----------
    label : ndarray (H, W), uint8
        255 = ignored.
    factor : int
        In pixels, at least 1.
    method : Method

    Returns
    -------
    coarse : ndarray (H, W), uint8
        Has no 255.
    """
    present = np.bincount(label.ravel(), minlength=IGNORE)[:IGNORE] > 0
    present[BACKGROUND] = True
    values = np.flatnonzero(present)
    planes = (label == values[:, None, None]).astype(np.float32)  # (classes, H, W)
    if method.ignored_is_background:
        planes[0] += label == IGNORE
    down_rows, up_rows = _matrices(label.shape[0], factor, method)
    down_columns, up_columns = _matrices(label.shape[1], factor, method)
    samples = down_rows @ planes @ down_columns.T
    strongest = up_rows @ samples[0] @ up_columns.T  # (H, W)
    coarse = np.full(label.shape, BACKGROUND, np.uint8)
    for value, plane in zip(values[1:], samples[1:], strict=True):
        strength = up_rows @ plane @ up_columns.T
        coarse[strength > strongest] = value
        np.maximum(strength, strongest, out=strongest)
    return coarse


def upper_bounds(
    labels: Iterable[np.ndarray], factors: Sequence[int], method: Method
) -> dict[int, float]:
    """Return the mean IU of a set of label maps, resampled by each factor, against themselves.

    One confusion matrix is counted for the whole set; classes that do not occur are left out.

    Parameters
    ----------
    labels : iterable of ndarray (H, W), uint8
        255 = ignored.
    factors : sequence of int
    method : Method

    Returns
    -------
    bounds : dict from factor to mean IU
        In 0..1; NaN if nothing is labelled.
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
        help="a folder of label maps (PNG; 255 does not count); the paper's is seg11valid's 736",
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
    parser.add_argument(
        "--threads",
        type=of_range(int, THREADS),
        default=0,
        metavar="N",
        help="how many threads of the CPU; 0: as many as allowed (default: 0)",
    )


def compare(labels: str, method: str, factors: Sequence[int], threads: int) -> Iterator[str]:
    """Yield a table of the upper bounds for a folder of label maps, beside the paper's.

    Raises
    ------
    DataError
        If a factor is less than 1 or very large, the folder has no label maps, or one is unusable.
    """
    if min(factors) < 1:
        raise DataError(f"a factor is a number of pixels, at least 1, not {min(factors)}")
    if max(factors) > LARGEST:
        raise DataError(f"a factor is at most {LARGEST} pixels, not {max(factors)}")
    set_threads(threads)
    files = label_files(labels)
    maps = (read_label(file) for file in watched(files, "upper bounds", unit="maps"))
    bounds = upper_bounds(maps, factors, METHODS[method])
    yield f"mean IU of {len(files)} label maps, method {method}"
    yield "factor   mean IU   the paper   difference"
    for factor, bound in bounds.items():
        percent = round(100 * bound, 1)
        line = f"{factor:6}  {percent:8.1f}"
        if factor in PAPER_MEAN_IU:
            paper = PAPER_MEAN_IU[factor]
            line += f"  {paper:10.1f}  {percent - paper:+11.1f}"
        yield line


UPPER_BOUNDS = Experiment(
    "appendix A",
    "upper bounds on mean IU by stride: label maps made coarse and fine again",
    compare,
    add_options,
)
