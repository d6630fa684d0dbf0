"""The label maps to switch between: this net's, its parts', its relatives', its past's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from minifcn.data.dataset import NOTHING
from minifcn.exploring.branches import answer, contributions
from minifcn.exploring.opened import Opened
from minifcn.exploring.values import Arrays
from minifcn.inference.apply import segment
from minifcn.inference.metrics import ConfusionMatrix


class Answer(NamedTuple):
    """A label map, uint8 (H, W), its name, what it is, and its kind, as the page calls it."""

    name: str
    label: str
    kind: str
    classes: np.ndarray
    more: Mapping[str, Any] = NOTHING

    def described(self, truth: np.ndarray | None, classes: int) -> dict[str, Any]:
        """Return what the page is told of it."""
        said = {"id": self.name, "label": self.label, "kind": self.kind, **self.more}
        return {**said, **figures(self.classes, truth, classes)}


def figures(classes: np.ndarray, truth: np.ndarray | None, count: int) -> dict[str, float | None]:
    """Return the accuracy and the mean IU of a label map; None where there is no truth."""
    if truth is None:
        return {"accuracy": None, "mean_iu": None}
    confusion = ConfusionMatrix(count)
    confusion.update(truth, classes)
    scores = confusion.scores()
    return {"accuracy": float(scores.pixel_accuracy), "mean_iu": float(scores.mean_iu)}


def own_answers(opened: Opened, image: np.ndarray, values: Arrays) -> Iterator[Answer]:
    """Yield the answers of the net, of its relatives, and of some of its parts alone."""
    spec = opened.model.spec
    yield Answer("own", _called(spec.arch), "own", labels(values[opened.output]))
    for arch, model in opened.relatives.items():
        found = segment(model.net, image, model.preprocess).astype(np.uint8)
        yield Answer(arch, f"{_called(arch)}, the net itself", "net", found)
    yield from branch_answers(opened, values, (image.shape[0], image.shape[1]))


def branch_answers(opened: Opened, values: Arrays, size: tuple[int, int]) -> Iterator[Answer]:
    """Yield what the net would answer by the coarsest scores alone, and without each of the skips.

    They are all cut out of this net's own scores: nets that are trained without a skip do better.
    """
    branches = opened.branches
    if branches is None or len(branches.parts) < 2:
        return
    shares = contributions(opened.stages, branches, values)
    numbers = range(len(shares))
    chosen = {(0,), *(tuple(n for n in numbers if n != left) for left in numbers)}
    for parts in sorted(chosen, key=lambda one: (len(one), one)):
        at = np.sum([shares[n] for n in parts], axis=0)
        scores = answer(opened.stages, branches, at, size)
        names = " and ".join(branches.parts[n] for n in parts)
        label, name = f"{names} alone", f"parts{''.join(map(str, parts))}"
        yield Answer(name, label, "branches", labels(scores), {"parts": list(parts)})


def _called(arch: str) -> str:
    return arch.replace("fcn", "FCN-")


def labels(scores: np.ndarray) -> np.ndarray:
    """Return the class of each pixel, uint8 (H, W); the lowest wins a tie."""
    return scores.argmax(axis=0).astype(np.uint8)
