"""Images without their objects, or without what is around them (PAMI 2017, Table 8).

What a net still finds then says what it goes by: the look of an object, what is around it, or,
where both are painted over, its shape alone.

    none           nothing is hidden
    background     only the objects are to be seen
    foreground     only the background is to be seen
    both           two colours, one where objects are

Pixels labelled 255, the outlines, are of neither, and hidden with either.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minifcn.backend import IGNORE
from minifcn.data.dataset import NOTHING, DataError, Dataset, Sample

MASKS = ("none", "background", "foreground", "both")
# ImageNet's mean colour, RGB: when the mean is subtracted (almost) nothing is left. What stands for
# an object where all is hidden has to differ from it.
HIDDEN = np.array((123, 117, 104), np.uint8)
OBJECT = np.array((255, 255, 255), np.uint8)


def masked_image(image: np.ndarray, label: np.ndarray, mask: str) -> np.ndarray:
    """Return an image (H, W, 3), uint8, in which a part is painted over; itself if nothing is.

    In the label map 0 is background, 255 neither that nor an object; `mask` is one of `MASKS`.
    """
    if mask == "none":
        return image
    background, objects = label == 0, (label != 0) & (label != IGNORE)
    shown = {"background": objects, "foreground": background, "both": np.zeros_like(objects)}[mask]
    hidden = np.where(shown[..., None], image, HIDDEN)
    if mask == "both":
        hidden[objects] = OBJECT
    return hidden


class MaskedDataset:
    """A `Dataset` of which parts of each image are hidden; all else is the original's.

    Samples have no `extras`: depth would show what is hidden.

    Parameters
    ----------
    dataset : Dataset
        Its class 0 is the background.
    mask : str
        Of `MASKS`.

    Raises
    ------
    DataError
        If class 0 is not called background.
    """

    def __init__(self, dataset: Dataset, mask: str) -> None:
        if dataset.class_names[0] != "background":
            raise DataError(
                f"--mask {mask}: class 0 has to be the background, but that of {dataset.name} is "
                f"{dataset.class_names[0]!r}; leave the option out"
            )
        self.dataset, self.mask = dataset, mask

    def __getattr__(self, name: str) -> Any:
        if name == "dataset":  # while a copy is made, it is not there yet
            raise AttributeError(name)
        return getattr(self.dataset, name)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.dataset)

    def __getitem__(self, index: int) -> Sample:
        """Read sample `index` and hide a part of it."""
        sample = self.dataset[index]
        image = masked_image(sample.image, sample.label, self.mask)
        return sample._replace(image=image, extras=NOTHING)


def masked(dataset: Dataset, mask: str) -> Dataset:
    """Return a data set with a part of each image hidden; itself if that is "none"."""
    return dataset if mask == "none" else MaskedDataset(dataset, mask)
