"""The confusion matrix of a whole dataset and the paper's four figures.

Source: Long et al. 2015, section 5 ("Metrics"). With n[i, j] the pixels of class i predicted as
class j and t[i] = sum_j n[i, j] the pixels of class i:

    pixel accuracy             sum_i n[i, i] / sum_i t[i]
    mean accuracy              mean over i of n[i, i] / t[i]
    mean IU                    mean over i of n[i, i] / (t[i] + sum_j n[j, i] - n[i, i])
    frequency weighted IU      sum_i t[i] * IU[i] / sum_k t[k]

The background counts as a class. The counts of all images go into one matrix; the figures of
single images are never averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import NamedTuple

import numpy as np

from minifcn.backend import IGNORE, Array, array_module, to_host
from minifcn.functional.softmax import check_ignore_index

Row = tuple[str, float, float]  # of a table: name, accuracy, IU


class Scores(NamedTuple):
    """The figures of a confusion matrix: fractions in 0..1, NaN where nothing can be divided."""

    pixel_accuracy: float
    mean_accuracy: float
    mean_iu: float
    fw_iu: float
    class_accuracy: np.ndarray  # (C,) float64
    class_iu: np.ndarray  # (C,) float64

    @property
    def occurring_mean_iu(self) -> float:
        """The mean IU over the classes that occur in the truth.

        `mean_iu` counts a class that is predicted but does not occur as 0. SIFT Flow's figures
        are over those that occur (three of its classes are not in the test set), and so is any
        comparison on a part of a data set.
        """
        return _nan_mean(self.class_iu[~np.isnan(self.class_accuracy)])


FIGURES = Scores._fields[:4]  # the paper's
TITLES = dict(zip(FIGURES, ("pixel accuracy", "mean accuracy", "mean IU", "f.w. IU"), strict=True))


class ConfusionMatrix:
    """Counts of (true class, predicted class) over pixels.

    What is on a device is counted there, and comes to the host when the counts are read.

    Parameters
    ----------
    num_classes : int C, at least 1
    ignore_index : int
        A label that does not count even if it lies in 0..C-1. For more than 255 classes it must
        not be 255.
    """

    def __init__(self, num_classes: int, ignore_index: int = IGNORE) -> None:
        if num_classes < 1:
            raise ValueError(f"the number of classes must be at least 1, not {num_classes}")
        check_ignore_index("metrics", num_classes, ignore_index)
        self.num_classes = num_classes
        self.ignore_index = ignore_index
        self._counts = np.zeros((num_classes, num_classes), np.int64)
        self._on_device: Array | None = None  # (C * C + 1,): pairs, and impossible predictions

    @classmethod
    def of(cls, counts: np.ndarray) -> ConfusionMatrix:
        """Return the matrix that has these counts, int64 (C, C)."""
        matrix = cls(len(counts), ignore_index=-1)
        matrix.counts[...] = counts
        return matrix

    @property
    def counts(self) -> np.ndarray:
        """The counts, int64 (C, C) on the host: rows are the truth, columns the prediction.

        It is the matrix's own array. Reading it waits for the device, if there are counts on one.

        Raises
        ------
        ValueError
            If a prediction on the device was outside 0..C-1. What has been counted there since the
            counts were last read is lost then.
        """
        if self._on_device is not None:
            found = to_host(self._on_device).astype(np.int64)
            self._on_device = None
            if found[-1]:
                raise ValueError(self._refusal(f"{found[-1]} pixels have others"))
            self._counts += found[:-1].reshape(self._counts.shape)
        return self._counts

    def update(self, label: Array, prediction: Array) -> None:
        """Count the pixels of one or more label maps.

        Only pixels whose label is in 0..C-1 and not `ignore_index` count; what is predicted at the
        others is not looked at.

        Parameters
        ----------
        label, prediction : integer arrays of one shape, both NumPy or both CuPy

        Raises
        ------
        ValueError
            If the shapes differ, an array is not of integers, or a prediction at a counted pixel
            is outside 0..C-1. Nothing is counted then. The last, of predictions on a device, is
            raised when the counts are read: to look at once would be to wait for the device.
        """
        if label.shape != prediction.shape:
            raise ValueError(
                f"label and prediction must have one shape, not {label.shape} and "
                f"{prediction.shape}"
            )
        for name, array in (("label", label), ("prediction", prediction)):
            if array.dtype.kind not in "iu":
                raise ValueError(f"the {name} must be of integers, not {array.dtype}")
        xp, classes = array_module(label), self.num_classes
        truth, guess = (a.astype(xp.int64, copy=False).ravel() for a in (label, prediction))
        counted = (truth >= 0) & (truth < classes) & (truth != self.ignore_index)
        if xp is not np:
            self._count_on_device(xp, truth, guess, counted)
            return
        truth, guess = truth[counted], guess[counted]
        if guess.size == 0:
            return
        low, high = int(guess.min()), int(guess.max())
        if low < 0 or high >= classes:
            raise ValueError(self._refusal(f"there are values from {low} to {high}"))
        pairs = np.bincount(truth * classes + guess, minlength=classes**2)
        self._counts += pairs.reshape(classes, classes)

    def _count_on_device(self, xp: ModuleType, truth: Array, guess: Array, counted: Array) -> None:
        # CuPy's bincount waits for the device twice, a selection by truth values once; to add 0 or
        # 1 for every pixel waits for nothing. Of 64 bits, it adds to unsigned integers only.
        classes = self.num_classes
        if self._on_device is None:
            self._on_device = xp.zeros(classes**2 + 1, xp.uint64)
        possible = (guess >= 0) & (guess < classes)
        pair = xp.where(counted & possible, truth * classes + guess, classes**2)
        xp.add.at(self._on_device, pair, counted.astype(xp.uint64))

    def _refusal(self, found: str) -> str:
        return (
            f"predictions must be classes in 0..{self.num_classes - 1}, but {found}; does the net "
            "have as many classes as the dataset?"
        )

    def __iadd__(self, other: ConfusionMatrix) -> ConfusionMatrix:
        """Add the counts of another matrix over the same classes."""
        if self.num_classes != other.num_classes:
            raise ValueError(
                f"matrices of {self.num_classes} and {other.num_classes} classes cannot be added"
            )
        self.counts[...] += other.counts
        return self

    def scores(self) -> Scores:
        """Return the four figures of the paper and the two per class.

        As in the reference's evaluation, the means skip what is undefined. The accuracy of a class
        absent from the truth is NaN and skipped. Its IU is NaN and skipped if it was never
        predicted either; if it was, somewhere, its IU is 0 and counts. A class without true pixels
        has no weight in the frequency weighted IU. Without any counted pixel all figures are NaN.
        """
        counts = self.counts
        hits = np.diag(counts).astype(np.float64)
        true = counts.sum(axis=1)  # t_i
        union = true + counts.sum(axis=0) - hits
        class_accuracy, class_iu = _ratio(hits, true), _ratio(hits, union)
        total = true.sum()
        weighted = (true * class_iu)[true > 0].sum()
        return Scores(
            pixel_accuracy=float(_ratio(hits.sum(), total)),
            mean_accuracy=_nan_mean(class_accuracy),
            mean_iu=_nan_mean(class_iu),
            fw_iu=float(_ratio(weighted, total)),
            class_accuracy=class_accuracy,
            class_iu=class_iu,
        )


def format_table(scores: Scores, class_names: Sequence[str]) -> str:
    """Return a text table of both figures of each class and the four of the paper, in percent.

    Raises
    ------
    ValueError
        If there are not as many names as classes.
    """
    rows, summary = _rows(scores, class_names)
    width = max(len(name) for name, _, _ in rows + summary)
    line = "-" * (width + 22)
    head = f"{'percent':{width}}  {'accuracy':>9}  {'IU':>9}"
    body = [f"{name:{width}}  {_percent(a)}  {_percent(iu)}" for name, a, iu in rows + summary]
    return "\n".join([head, line, *body[: len(rows)], line, *body[len(rows) :]])


def markdown_table(scores: Scores, class_names: Sequence[str]) -> str:
    """Return the table of `format_table` as a document has it; raises as it does."""
    rows, summary = _rows(scores, class_names)
    cells = [
        (markdown_text(name), _percent(a).strip(), _percent(iu).strip())
        for name, a, iu in rows + summary
    ]
    head = ["| percent | accuracy | IU |", "| --- | ---: | ---: |"]
    return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in cells)])


def markdown_text(text: str) -> str:
    """Return text that a Markdown table shows as it is."""
    for sign in "\\`*_[]<>|&":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def _rows(scores: Scores, class_names: Sequence[str]) -> tuple[list[Row], list[Row]]:
    """Return the rows of the classes, and those of what sums them up."""
    if len(class_names) != len(scores.class_iu):
        raise ValueError(f"expected {len(scores.class_iu)} class names, got {len(class_names)}")
    rows = list(zip(class_names, scores.class_accuracy, scores.class_iu, strict=True))
    summary = [
        ("mean", scores.mean_accuracy, scores.mean_iu),
        ("all pixels / f.w.", scores.pixel_accuracy, scores.fw_iu),
    ]
    if abs(scores.occurring_mean_iu - scores.mean_iu) > 1e-6:  # not if either is NaN
        row = ("mean, of what occurs", scores.mean_accuracy, scores.occurring_mean_iu)
        summary.insert(1, row)
    return rows, summary


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide element by element; NaN, without a warning, where `whole` is 0."""
    undefined = np.full(np.shape(whole), np.nan)
    return np.divide(part, whole, out=undefined, where=np.asarray(whole) != 0)


def _nan_mean(values: np.ndarray) -> float:
    """Return the mean of the values that are not NaN; NaN, without a warning, if there are none."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")


def _percent(value: float) -> str:
    return f"{'-':>9}" if np.isnan(value) else f"{100 * value:9.2f}"
