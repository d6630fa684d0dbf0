"""Datasets, preprocessing and the loader.

A dataset is opened by name, `open_dataset("shapes", "train")`, and is a sequence of samples. A
new one is a class that meets `Dataset`, in a file of its own, with an entry in `DATASETS`.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from minifcn.data.context import ContextDataset
from minifcn.data.dataset import DataError, Dataset, Sample
from minifcn.data.folder import FolderDataset
from minifcn.data.loader import Batch, Loader
from minifcn.data.nyud import NYUDDataset
from minifcn.data.sbd import SBDDataset
from minifcn.data.shapes import ShapesClassification, ShapesDataset
from minifcn.data.siftflow import SiftFlowDataset
from minifcn.data.transforms import Preprocess
from minifcn.data.voc import VOCDataset

DATASETS: dict[str, Any] = {
    "shapes": ShapesDataset,
    "voc": VOCDataset,
    "sbd": SBDDataset,
    "nyud": NYUDDataset,
    "siftflow": SiftFlowDataset,
    "context": ContextDataset,
    "folder": FolderDataset,
}

__all__ = [
    "DATASETS",
    "Batch",
    "ContextDataset",
    "DataError",
    "Dataset",
    "FolderDataset",
    "Loader",
    "NYUDDataset",
    "Preprocess",
    "SBDDataset",
    "Sample",
    "ShapesClassification",
    "ShapesDataset",
    "SiftFlowDataset",
    "VOCDataset",
    "open_dataset",
]


def open_dataset(
    name: str, split: str, *, data_dir: str | Path | None = None, **options: Any
) -> Dataset:
    """Open a split of a dataset by its name.

    Parameters
    ----------
    name : str
        A key of `DATASETS`.
    split : str
        "train", "val", or another that the dataset has.
    data_dir : str or Path, optional
        Where the files are, for datasets that have files; None means $MINIFCN_DATA or ./data.
    **options
        Further arguments of the dataset's class, such as `year` for "voc".

    Raises
    ------
    DataError
        If there is no such dataset or option, or the data cannot be found.
    """
    if name not in DATASETS:
        raise DataError(f"unknown dataset {name!r}; there are {', '.join(DATASETS)}")
    dataset_class = DATASETS[name]
    if data_dir is not None:
        options["data_dir"] = data_dir
    accepted = list(inspect.signature(dataset_class).parameters)[1:]
    for option in options:
        if option not in accepted:
            raise DataError(
                f"dataset {name!r} has no option {option!r}; it has {', '.join(accepted)}"
            )
    return dataset_class(split, **options)
