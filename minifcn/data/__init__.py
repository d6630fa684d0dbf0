"""Datasets, preprocessing and the loader.

A dataset is opened by name, `open_dataset("shapes", "train")`, and is a sequence of samples. A
new one is a class that meets `Dataset`, in a file of its own, with a line in `DATASETS`:
docs/contributing.md shows one.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, get_type_hints

from minifcn.data.dataset import DataError as DataError
from minifcn.data.dataset import Dataset as Dataset
from minifcn.data.dataset import Sample as Sample
from minifcn.data.loader import Batch as Batch
from minifcn.data.loader import Loader as Loader
from minifcn.data.transforms import Preprocess as Preprocess
from minifcn.system.records import fits

# The class of each, imported when it is asked for.
DATASETS = {
    "shapes": "minifcn.data.shapes:ShapesDataset",
    "voc": "minifcn.data.voc:VOCDataset",
    "sbd": "minifcn.data.sbd:SBDDataset",
    "nyud": "minifcn.data.nyud:NYUDDataset",
    "siftflow": "minifcn.data.siftflow:SiftFlowDataset",
    "context": "minifcn.data.context:ContextDataset",
    "folder": "minifcn.data.folder:FolderDataset",
}


def dataset_class(name: str) -> Any:
    """Return the class of a dataset, which is called with the name of a split.

    Raises
    ------
    DataError
        If there is no such dataset.
    """
    if name not in DATASETS:
        raise DataError(f"unknown dataset {name!r}; there are {', '.join(DATASETS)}")
    return resolve_name(DATASETS[name])


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
        If there is no such dataset or option, an option is of another type, or the data cannot be
        found.
    """
    opened = dataset_class(name)
    if data_dir is not None:
        options["data_dir"] = data_dir
    accepted = list(inspect.signature(opened).parameters)[1:]
    types = get_type_hints(opened.__init__)
    for option, value in options.items():
        if option not in accepted:
            raise DataError(
                f"dataset {name!r} has no option {option!r}; it has {', '.join(accepted)}"
            )
        listed = tuple(value) if isinstance(value, list) else value  # JSON has no tuples
        if not fits(listed, types.get(option, object)):
            raise DataError(f"option {option!r} of dataset {name!r} cannot be {value!r}")
    return opened(split, **options)
