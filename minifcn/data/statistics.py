"""What a data set holds: its classes, sizes and colours, counted, and the samples that are broken.

`look` takes in one sample, `looks` many of them with threads, `summarise` adds them up.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from minifcn.backend import IGNORE
from minifcn.data.dataset import DataError, Dataset, Sample, bad_values
from minifcn.data.images import load_image
from minifcn.data.palette import pack_colours, unpack_colour

MAIN_HEAD = "label"  # the label map that every sample has


class Look(NamedTuple):
    """What one sample holds."""

    place: int  # its index in the data set
    id: str
    problem: str | None  # why it cannot be used
    # Height and width of the image; None, and the others too, if it could not be read.
    size: tuple[int, int] | None
    mean: np.ndarray | None  # (3,), float64, or None: RGB, 0..255
    counts: dict[str, np.ndarray]  # (256,), int64: pixels of each label value, for each head


class HeadStatistics(NamedTuple):
    """What the label maps of one head hold."""

    class_names: tuple[str, ...]
    counts: np.ndarray  # (256,), int64: pixels of each label value
    images: np.ndarray  # (256,), int64: samples in which it occurs

    def shares(self) -> np.ndarray:
        """Return each class's share of the pixels that are labelled, (classes,) within 0..1."""
        counts = self.counts[: len(self.class_names)]
        return counts / max(1, counts.sum())

    def ignored(self) -> float:
        """Return the share of 255 among all pixels."""
        return float(self.counts[IGNORE] / max(1, self.counts.sum()))

    def absent(self) -> list[str]:
        """Return the names of the classes that occur nowhere."""
        counts = self.counts[: len(self.class_names)]
        return [name for name, count in zip(self.class_names, counts, strict=True) if not count]


class Statistics(NamedTuple):
    """What a data set holds."""

    samples: int  # how many were looked at, the broken ones among them
    # What makes samples unusable, and the ids of those it is wrong with. The message is that for
    # the first of them.
    problems: dict[str, list[str]]
    sizes: Counter[tuple[int, int]]  # how many images have a height and width
    mean: np.ndarray  # (3,), float64: RGB of the images, 0..255, each pixel counted once
    heads: dict[str, HeadStatistics]  # "label", and the further heads by their names


def head_classes(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    """Return the class names of each head of a data set, the main one first."""
    return {MAIN_HEAD: tuple(dataset.class_names), **getattr(dataset, "extra_classes", {})}


def head_palettes(dataset: Dataset) -> dict[str, np.ndarray]:
    """Return the colours (256, 3) of each head of a data set, the main one first."""
    return {MAIN_HEAD: dataset.palette, **getattr(dataset, "extra_palettes", {})}


def head_labels(sample: Sample) -> dict[str, np.ndarray]:
    """Return the label map (H, W) of each head of a sample, the main one first."""
    return {MAIN_HEAD: sample.label, **sample.extra_labels}


def spread(total: int, count: int) -> list[int]:
    """Return `count` of the indices below `total`, spread evenly; all, if there are no more."""
    return np.linspace(0, total - 1, min(count, total)).round().astype(int).tolist()


def look(dataset: Dataset, index: int) -> Look:
    """Read a sample and count what it holds."""
    try:
        sample = dataset[index]
    except DataError as error:
        return Look(index, dataset.ids[index], str(error), None, None, {})
    counts = {
        head: np.bincount(label.ravel(), minlength=IGNORE + 1)
        for head, label in head_labels(sample).items()
    }
    height, width = sample.image.shape[:2]
    mean = sample.image.mean(axis=(0, 1), dtype=np.float64)
    problem = _problem(sample, head_classes(dataset))
    return Look(index, sample.id, problem, (height, width), mean, counts)


def looks(dataset: Dataset, indices: Iterable[int], threads: int) -> Iterator[Look]:
    """Yield `look` at each of some samples, in their order, read by so many threads."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="minifcn-statistics")
    try:
        yield from pool.map(lambda index: look(dataset, index), indices)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def colours_of_maps(dataset: Any, places: Sequence[int]) -> list[list[int]]:
    """Return the colours in the label maps that are RGB pictures, the most frequent first.

    They are [red, green, blue], 0..255, of the samples at these places of a data set that has
    `label_path(index) -> Path`. There are none of any other, nor if they are more than 256: no
    label maps then, but photographs.
    """
    counts: Counter[int] = Counter()
    for place in places if hasattr(dataset, "label_path") else ():
        try:
            picture = load_image(dataset.label_path(place), "label map")
        except DataError:
            continue
        if picture.mode in ("RGB", "RGBA"):
            codes = pack_colours(np.asarray(picture.convert("RGB")))
            codes, frequencies = np.unique(codes, return_counts=True)
            counts.update(dict(zip(codes.tolist(), frequencies.tolist(), strict=True)))
        if len(counts) > IGNORE + 1:
            return []
    return [unpack_colour(code) for code, _ in counts.most_common()]


def summarise(dataset: Dataset, seen: Iterable[Look]) -> Statistics:
    """Add up looks at the samples of a data set.

    Samples with a problem count as far as they could be read.
    """
    heads = {
        head: HeadStatistics(names, np.zeros(IGNORE + 1, np.int64), np.zeros(IGNORE + 1, np.int64))
        for head, names in head_classes(dataset).items()
    }
    samples = 0
    problems: dict[str, list[str]] = {}
    kinds: dict[str, str] = {}  # a problem without the name of the file -> its first message
    sizes: Counter[tuple[int, int]] = Counter()
    total, pixels = np.zeros(3), 0
    for one in seen:
        samples += 1
        if one.problem is not None:
            kind = re.sub(rf"(?<=[/\\]){re.escape(one.id)}\.", "*.", one.problem)
            message = kinds.setdefault(kind, one.problem)
            problems.setdefault(message, []).append(one.id)
        if one.size is None or one.mean is None:
            continue
        sizes[one.size] += 1
        area = one.size[0] * one.size[1]
        total, pixels = total + one.mean * area, pixels + area
        for head, counts in one.counts.items():
            heads[head].counts[:] += counts
            heads[head].images[:] += counts > 0
    return Statistics(samples, problems, sizes, total / max(1, pixels), heads)


def _problem(sample: Sample, classes: dict[str, tuple[str, ...]]) -> str | None:
    """Return what is wrong with a sample that could be read, or None."""
    size = sample.image.shape[:2]
    for name, further in sample.extras.items():
        if further.shape[:2] != size:
            return f"image {size} and its {name} {further.shape[:2]} differ in size"
    for head, label in head_labels(sample).items():
        if label.shape != size:
            return f"image {size} and its label map {head!r} {label.shape} differ in size"
        bad = bad_values(label, len(classes[head]))
        if bad:
            return f"label map {head!r} holds {bad}, not only 0..{len(classes[head]) - 1} or 255"
    return None
