"""An image and its label map, read from two files and checked against each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minifcn.backend import IGNORE
from minifcn.data.dataset import DataError, Sample, bad_values, some
from minifcn.data.images import read_image
from minifcn.data.palette import read_label


def read_pair(
    sample_id: str,
    image_path: Path,
    label_path: Path,
    num_classes: int,
    advice: str,
    *,
    ignore: int | None = None,
    palette: np.ndarray | None = None,
) -> Sample:
    """Read one sample of a dataset that keeps images and label maps in files.

    Parameters
    ----------
    num_classes : int
        Label values must be below it, or 255.
    advice : str
        What to do about other label values, the end of the message; `{value}` stands for one.
    ignore : int, optional
        A further label value to ignore; it is read as 255.
    palette : ndarray (L, 3), uint8, optional
        RGB of each label value, to read label maps that are coded by colour.

    Raises
    ------
    DataError
        If a file is missing or damaged, the sizes differ, or a label value is no class.
    """
    image = read_image(image_path)
    label = read_label(label_path, palette)
    if image.shape[:2] != label.shape:
        height, width = image.shape[:2]
        raise DataError(
            f"image {image_path} is {width} x {height} pixels but label map {label_path} is "
            f"{label.shape[1]} x {label.shape[0]}; draw or export the map at the image's size "
            "(and orientation)"
        )
    if ignore is not None:
        label[label == ignore] = IGNORE
    bad = bad_values(label, num_classes)
    if bad:
        shown = ("s " if len(bad) > 1 else " ") + some([str(value) for value in bad], 8)
        raise DataError(
            f"label map {label_path} holds the value{shown}, but the classes are "
            f"0..{num_classes - 1} and 255 is ignored; {advice.format(value=bad[0])}"
        )
    return Sample(sample_id, image, label)
