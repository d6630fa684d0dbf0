"""Weights of classes in the loss, by how often they occur.

The paper trains with equal weights although three quarters of VOC's pixels are background, having
found balancing unnecessary (section 4.3, "Class balancing"). Where thin and rare classes count as
much as roads in the mean IU, they get more of the gradient so. Or each class, by its name, has the
weight that a file says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minifcn.data.dataset import DataError, Dataset, read_lines
from minifcn.data.statistics import MAIN_HEAD, looks
from minifcn.system.records import fits, nearest

# The power of the weights of `median_frequency`, by the name of the choice.
POWERS = {"equal": 0.0, "sqrt": 0.5, "balanced": 1.0}
CLASS_WEIGHTS = tuple(POWERS)


def median_frequency(counts: Sequence[np.ndarray]) -> np.ndarray:
    """Return median frequency balancing's weight of each class.

    weight[c] = median of the frequencies / frequency[c]

    frequency[c] is the share of class c among the labelled pixels of the images in which it occurs.
    A class that occurs nowhere has the weight 1 and is not in the median.

    Parameters
    ----------
    counts : sequence of int arrays (C,)
        The pixels of each class in each image.

    Returns
    -------
    weight : array (C,), float64

    Source
    ------
    Eigen and Fergus 2015, section 6.3.2; SegNet (Badrinarayanan et al. 2017) trains so on CamVid.
    """
    table = np.array(counts, np.float64)  # (images, C)
    pixels = table.sum(axis=0)
    beside = (table.sum(axis=1, keepdims=True) * (table > 0)).sum(axis=0)
    occurs = pixels > 0
    frequency = pixels[occurs] / beside[occurs]
    weight = np.ones(table.shape[1])
    weight[occurs] = np.median(frequency) / frequency
    return weight


def read_class_weights(path: Path) -> dict[str, float]:
    """Return the weights of classes that are in a file, by their names.

    Parameters
    ----------
    path : Path
        An object in JSON, `{"road": 1, "sign symbol": 4.5}`, or text, whose lines are a name and a
        weight, `sign symbol 4.5`.

    Raises
    ------
    DataError
        If it cannot be read; a weight is no number from 0 on, or all are 0; a class is there twice.
    """
    if not path.is_file():
        raise DataError(
            f"--class-weights must be one of {', '.join(CLASS_WEIGHTS)} or a file of weights, and "
            f"there is no file {path}"
        )
    lines = read_lines(path)
    weights: dict[str, float] = {}
    for name, weight in _json(path, lines) if lines[:1] and lines[0][0] == "{" else _text(lines):
        if not (fits(weight, float) and weight >= 0):
            raise DataError(f"{path}: the weight of class {name!r} must be a number from 0 on")
        if name in weights:
            raise DataError(f"{path}: class {name!r} is there twice")
        weights[name] = float(weight)
    if not any(weights.values()):
        raise DataError(f"{path}: no class has a weight above 0, so nothing would count")
    return weights


def _json(path: Path, lines: Sequence[str]) -> Iterable[tuple[str, Any]]:
    try:
        found: list[tuple[str, Any]] = json.loads("\n".join(lines), object_pairs_hook=list)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON: {error}") from None
    return found


def _text(lines: Sequence[str]) -> Iterable[tuple[str, Any]]:
    for line in lines:
        name, _, weight = line.replace("\t", " ").rpartition(" ")
        try:
            yield name.strip() or line, float(weight)
        except ValueError:
            yield line, None


def class_weights(
    choice: str | Mapping[str, float], dataset: Dataset, threads: int
) -> list[float] | None:
    """Return the weights of the classes of a data set's main label maps; None for equal ones.

    Parameters
    ----------
    choice : "equal", "sqrt" or "balanced"; or mapping of str to float
        Equal, `median_frequency` to the power of 1/2, or as it is; or the weight of each class by
        its name.
    dataset : Dataset
        Each of its samples is read once.
    threads : int
        That read.

    Raises
    ------
    DataError
        If a sample cannot be used; or the weights by name are not those of the classes.
    """
    if not isinstance(choice, str):
        return _by_name(choice, dataset)
    if choice == "equal":
        return None
    counts = []
    for sample in looks(dataset, range(len(dataset)), threads):
        if sample.problem:
            raise DataError(sample.problem)
        counts.append(sample.counts[MAIN_HEAD][: len(dataset.class_names)])
    return (median_frequency(counts) ** POWERS[choice]).tolist()


def _by_name(weights: Mapping[str, float], dataset: Dataset) -> list[float]:
    """Return the weights in the order of the classes, each of which must have one."""
    for name in weights:
        if name not in dataset.class_names:
            raise DataError(
                f"--class-weights: {dataset.name} has no class {name!r}"
                f"{nearest(name, dataset.class_names)}"
            )
    missing = [name for name in dataset.class_names if name not in weights]
    if missing:
        raise DataError(
            f"--class-weights: {dataset.name} has classes without a weight: {', '.join(missing)}"
        )
    return [weights[name] for name in dataset.class_names]
