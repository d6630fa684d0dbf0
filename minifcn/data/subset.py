"""A part of a data set, to find out how many images a net needs.

The parts of one data set are nested: a sample of a smaller one is in every larger one too. So two
trainings, on more images and on fewer, differ by those that come to it and by nothing else.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minifcn.data.dataset import DataError, Dataset, Sample

_SEED = 0  # of the order in which images come in; no setting, so that parts are nested


class Subset:
    """Some samples of a data set, in its order; everything else is as the data set has it."""

    def __init__(self, dataset: Dataset, indices: list[int]) -> None:
        self._dataset, self._indices = dataset, indices
        self.name, self.class_names = dataset.name, dataset.class_names
        self.palette = dataset.palette
        self.ids = [dataset.ids[index] for index in indices]

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> Sample:
        return self._dataset[self._indices[index]]

    def __getattr__(self, name: str) -> Any:
        """Return what only some data sets have, such as `image_path` and `extra_classes`."""
        found = getattr(self._dataset, name)
        if name == "image_path":
            return lambda index: found(self._indices[index])
        return found


def subset(dataset: Dataset, images: str) -> Dataset:
    """Return a random part of a data set that depends on the number of its samples alone.

    Parameters
    ----------
    images : str
        A number of samples, such as "200", or a part of all, such as "0.25"; "1" is one sample and
        "1.0" is all of them.

    Raises
    ------
    DataError
        If there are fewer samples.
    """
    total = len(dataset)
    count = int(images) if images.isdecimal() else max(1, round(float(images) * total))
    if count > total:
        raise DataError(
            f"--images {images} are more than the {total} that {dataset.name} has to train on"
        )
    chosen = np.random.default_rng(_SEED).permutation(total)[:count]
    return Subset(dataset, sorted(chosen.tolist()))
