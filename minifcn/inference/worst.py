"""A net's failures: the images with the lowest figures, what was taken for what, and where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import NamedTuple

import numpy as np
from PIL import Image

from minifcn.backend import IGNORE, to_host
from minifcn.data.dataset import Dataset
from minifcn.inference.apply import segment_all
from minifcn.inference.contact_sheet import TEXT, small
from minifcn.inference.metrics import ConfusionMatrix
from minifcn.inference.model import Model
from minifcn.inference.pictures import Panel, colourise, grid, side_by_side, with_legend

COLUMNS = 2
RIGHT, WRONG, NOT_COUNTED = range(3)  # the classes of an error map
ERROR_NAMES = ("right", "wrong", "not counted")
ERROR_PALETTE = np.zeros((256, 3), np.uint8)
ERROR_PALETTE[:3] = (236, 236, 236), (204, 32, 32), (150, 150, 150)


class Failure(NamedTuple):
    """How a net has done on one image.

    Attributes
    ----------
    mean_iu : float
        Over the classes that occur in the image, 0..1; NaN if nothing in it is labelled.
    place : int
        Of the image in its data set.
    confused : (int, int)
        The class, and the one that it was taken for, with the most pixels.
    share : float
        Of the image's counted pixels, that are so.
    """

    mean_iu: float
    place: int
    confused: tuple[int, int]
    share: float


def failure(place: int, confusion: ConfusionMatrix) -> Failure:
    """Return how a net has done on one image, by the counts of that alone."""
    counts = confusion.counts
    errors = counts - np.diag(np.diag(counts))
    truth, guess = np.unravel_index(errors.argmax(), errors.shape)
    share = errors[truth, guess] / max(1, counts.sum())
    figure = confusion.scores().occurring_mean_iu
    return Failure(figure, place, (int(truth), int(guess)), float(share))


def lowest(failures: Iterable[Failure], count: int) -> list[Failure]:
    """Return the failures with the lowest figures, of those that have one, the lowest first."""
    return sorted(one for one in failures if not np.isnan(one.mean_iu))[:count]


def report(failures: Sequence[Failure], dataset: Dataset) -> str:
    """Return a line for each image: its name, its figure, and what was taken for what."""
    names = dataset.class_names
    lines = []
    for one in failures:
        truth, guess = (names[number] for number in one.confused)
        line = f"{dataset.ids[one.place]}: mean IU {100 * one.mean_iu:.1f}"
        if one.share:
            line += f", {one.share:.1%} of its pixels are {truth} taken for {guess}"
        lines.append(line)
    return "\n".join(lines)


def failure_sheet(
    failures: Sequence[Failure], dataset: Dataset, model: Model, xp: ModuleType = np
) -> np.ndarray:
    """Return a picture of failures: truth, prediction and errors of each, and never the photograph.

    Parameters
    ----------
    failures : sequence of Failure
        At least one.
    dataset : Dataset
    model : Model
        It segments these images again.
    xp : module
        That of the net's weights.

    Returns
    -------
    uint8 array (H, W, 3), RGB
    """
    tiles: list[Panel] = []
    present: set[int] = set()
    for one in failures:
        sample = dataset[one.place]
        label = to_host(segment_all(model, sample.image, xp, sample.extras)[""])
        maps = (
            (f"{sample.id}  {100 * one.mean_iu:.1f}", sample.label, dataset.palette),
            ("prediction", label, dataset.palette),
            ("errors", error_map(sample.label, label), ERROR_PALETTE),
        )
        panels = [
            (title, small(colourise(values, palette), Image.Resampling.NEAREST))
            for title, values, palette in maps
        ]
        tiles.append(("", side_by_side(panels, TEXT)))
        present |= {*np.unique(sample.label).tolist(), *np.unique(label).tolist()}
    blank: Panel = ("", np.full((1, 1, 3), 255, np.uint8))
    columns = min(COLUMNS, len(tiles))
    tiles += [blank] * (-len(tiles) % columns)
    sheet = grid([tiles[first : first + columns] for first in range(0, len(tiles), columns)])
    sheet = with_legend(sheet, dataset.class_names, dataset.palette, sorted(present), TEXT)
    return with_legend(sheet, ERROR_NAMES, ERROR_PALETTE, range(len(ERROR_NAMES)), TEXT)


def error_map(label: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Return where a prediction is right, wrong or not counted: uint8 (H, W), see `ERROR_NAMES`."""
    found = np.where(prediction == label, RIGHT, WRONG)
    return np.where(label == IGNORE, NOT_COUNTED, found).astype(np.uint8)
