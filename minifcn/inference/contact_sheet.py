"""A picture of some samples of a data set, each with its label maps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from minifcn.data.dataset import Dataset, Sample
from minifcn.data.statistics import MAIN_HEAD, head_classes, head_labels, head_palettes
from minifcn.inference.pictures import Panel, colourise, grid, side_by_side, with_legend

COLUMNS = 3
THUMBNAIL = (240, 180)  # width and height at most, pixels
TEXT = 18  # height of the letters of titles and legends, pixels


def contact_sheet(dataset: Dataset, indices: Sequence[int]) -> np.ndarray:
    """Return a picture of some samples, each with its label maps, and the names of their classes.

    Parameters
    ----------
    dataset : Dataset
    indices : sequence of int
        At least one.

    Returns
    -------
    uint8 array (H, W, 3), RGB
    """
    palettes = head_palettes(dataset)
    present: dict[str, set[int]] = {head: set() for head in palettes}
    tiles: list[Panel] = []
    for index in indices:
        sample = dataset[index]
        tiles.append(("", side_by_side(_panels(sample, palettes), TEXT)))
        for head, label in head_labels(sample).items():
            present[head] |= set(np.unique(label).tolist())
    columns = min(COLUMNS, len(tiles))
    blank: Panel = ("", np.full((1, 1, 3), 255, np.uint8))
    tiles += [blank] * (-len(tiles) % columns)
    sheet = grid([tiles[first : first + columns] for first in range(0, len(tiles), columns)])
    for head, names in head_classes(dataset).items():
        sheet = with_legend(sheet, names, palettes[head], sorted(present[head]), TEXT)
    return sheet


def _panels(sample: Sample, palettes: dict[str, np.ndarray]) -> list[Panel]:
    """Return a sample's image and label maps with their titles, small."""
    panels: list[Panel] = [(sample.id, small(sample.image, Image.Resampling.BOX))]
    for head, label in head_labels(sample).items():
        title = "" if head == MAIN_HEAD else head
        coloured = colourise(label, palettes[head])
        panels.append((title, small(coloured, Image.Resampling.NEAREST)))
    return panels


def small(picture: np.ndarray, resampling: Image.Resampling) -> np.ndarray:
    """Return a picture (H, W, 3) scaled to fit into a thumbnail; one that does stays as it is."""
    height, width = picture.shape[:2]
    scale = min(1.0, THUMBNAIL[0] / width, THUMBNAIL[1] / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(picture).resize(size, resampling))
