"""What gradients are asked of: the loss of an image, its worst pixel, its surest ones."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minifcn.backend import IGNORE
from minifcn.functional.softmax import softmax, softmax_loss_backward, softmax_loss_forward

WRONG, APART = 40, 12  # wrong pixels that are named, and how many pixels lie between two
SURE = 5  # classes of whose pixels the surest is taken, the most frequent first


class Target(NamedTuple):
    """A number whose gradient is shown."""

    name: str
    label: str  # what it is, in words
    what: str  # "loss" or "score"
    value: float
    seed: np.ndarray  # float (1, C, H, W): its gradient with respect to the scores
    pixel: tuple[int, int] | None = None
    number: int | None = None  # the class whose loss or score it is, at a pixel

    def described(self) -> dict[str, Any]:
        """Return what the page is told."""
        return {
            **{"id": self.name, "label": self.label, "what": self.what, "value": self.value},
            **{"pixel": self.pixel, "class": self.number},
        }


def find_targets(
    scores: np.ndarray, truth: np.ndarray | None, class_names: tuple[str, ...]
) -> list[Target]:
    """Return what gradients are worth to be asked of, for scores (C, H, W).

    That is the loss of the whole image, the mean over its pixels; with a truth the loss at the
    pixel where it is highest; and the score of the class that wins, at the pixel of each of the
    most frequent classes that is surest of it. The truth is uint8 (H, W); without it the answer is
    taken for true.
    """
    answer = scores.argmax(axis=0)
    reference = (answer if truth is None else truth).astype(np.int64)
    targets = [_loss("loss", "the loss of the whole image", scores, reference)]
    probability = softmax(scores[None])[0]
    if truth is not None:
        known = np.where(truth == IGNORE, 0, truth)[None]
        given = np.take_along_axis(probability, known.astype(np.int64), 0)[0]
        row, column = _place(np.where(truth == IGNORE, np.inf, given).argmin(), truth.shape)
        alone = np.full_like(reference, IGNORE)
        alone[row, column] = reference[row, column]
        label = f"the loss at the most wrong pixel ({row}, {column})"
        worst = _loss(f"p{row},{column}", label, scores, alone)
        targets.append(worst._replace(pixel=(row, column), number=int(reference[row, column])))
    counts = np.bincount(answer.ravel(), minlength=len(scores))
    for number in np.argsort(-counts, kind="stable")[:SURE].tolist():
        if counts[number]:
            sure = np.where(answer == number, probability[number], -1)
            pixel = _place(sure.argmax(), sure.shape)
            targets.append(_score(scores, number, pixel, class_names[number]))
    found: dict[str, Target] = {}
    for target in targets:  # a pixel that is asked twice counts as what it was asked first
        found.setdefault(target.name, target)
    return list(found.values())


def wrong_pixels(scores: np.ndarray, truth: np.ndarray | None) -> list[tuple[int, int]]:
    """Return pixels that are wrong and worth a look: the surest first, none near another.

    The scores are (C, H, W), the truth uint8 (H, W); without it no pixel is known to be wrong.
    """
    if truth is None:
        return []
    known = np.where(truth == IGNORE, 0, truth).astype(np.int64)[None]
    margin = scores.max(axis=0) - np.take_along_axis(scores, known, 0)[0]
    margin = np.where(truth == IGNORE, 0, margin)
    found: list[tuple[int, int]] = []
    while len(found) < WRONG and margin.max() > 0:
        row, column = _place(margin.argmax(), margin.shape)
        found.append((row, column))
        margin[_around(row), _around(column)] = 0
    return found


def _around(place: int) -> slice:
    return slice(max(0, place - APART), place + APART + 1)


def _loss(name: str, label: str, scores: np.ndarray, reference: np.ndarray) -> Target:
    loss, cache = softmax_loss_forward(scores[None], reference[None])
    seed = softmax_loss_backward(np.ones_like(loss), cache)
    return Target(name, label, "loss", float(loss), seed)


def _score(scores: np.ndarray, number: int, pixel: tuple[int, int], class_name: str) -> Target:
    seed = np.zeros_like(scores[None])
    seed[(0, number, *pixel)] = 1
    label = f"the score of {class_name} at its surest pixel {pixel}"
    name = f"p{pixel[0]},{pixel[1]}"
    return Target(name, label, "score", float(scores[(number, *pixel)]), seed, pixel, number)


def _place(index: np.integer, shape: tuple[int, ...]) -> tuple[int, int]:
    row, column = np.unravel_index(index, shape)
    return int(row), int(column)
