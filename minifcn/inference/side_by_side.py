"""Images beside their truth and what nets make of them, as in the paper's Figure 4."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from minifcn.data.dataset import Dataset
from minifcn.inference.apply import segment_all
from minifcn.inference.model import Model
from minifcn.inference.pictures import Panel, colourise, grid, with_legend


def side_by_side(dataset: Dataset, columns: Mapping[str, Model | None], count: int) -> np.ndarray:
    """Return a picture: an image a row, then a column each, with a legend of what occurs.

    Parameters
    ----------
    dataset : Dataset
        Whose first images are shown.
    columns : mapping of str to Model or None
        By its title, what predicts; None is the truth.
    count : int
        Images at most.

    Returns
    -------
    picture : ndarray (H, W, 3), uint8
    """
    rows: list[list[Panel]] = []
    present: set[int] = set()
    for sample in (dataset[index] for index in range(min(count, len(dataset)))):
        maps = {
            title: (
                segment_all(model, sample.image, extras=sample.extras)[""]
                if model
                else sample.label
            )
            for title, model in columns.items()
        }
        panels = [(title, colourise(label, dataset.palette)) for title, label in maps.items()]
        rows.append([("image", sample.image), *panels])
        present.update(*(np.unique(label).tolist() for label in maps.values()))
    return with_legend(grid(rows), dataset.class_names, dataset.palette, sorted(present))
