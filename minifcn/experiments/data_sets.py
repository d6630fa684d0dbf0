"""What experiments are tried on: drawn shapes, street scenes, photographs.

The real ones are taken at half their size: each experiment needs several trainings, and at half the
size one takes a quarter of the time. The smaller copies are an ordinary folder of images and label
maps, so runs on them can be opened and resumed as any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from minifcn.data import dataset_class
from minifcn.data.dataset import DataError, Dataset
from minifcn.data.palette import write_palette_png
from minifcn.system.files import atomic_write, make_folder
from minifcn.system.lock import locked
from minifcn.weights.store import WeightsError

SMOKE_IMAGES = 4  # of each split, when it is only tried
_DONE = "complete"
# Said where the paper's net is FCN-32s.
FINE_NET = (
    "The net is FCN-8s, straight from the classifier; the paper's is FCN-32s. At stride 32 what is "
    "thin in small images is lost whatever a net has learned (upper-bounds): little could be told."
)


class DataSet(NamedTuple):
    """How experiments on a data set train where nothing else is said."""

    dataset: str  # a key of `data.DATASETS`
    options: Mapping[str, Any]  # of that data set
    settings: Mapping[str, Any]  # fields of `Settings`
    steps: Mapping[str, int]  # updates
    # For "train" and "val" the original's, and how many images are copied; empty if it is drawn.
    splits: Mapping[str, tuple[str, int]] = {}


_REAL = {
    "backbone": "googlenet",
    "width": 1.0,
    "batch_size": 2,
    "accumulate": 1,
    "padding": "same",
}
DATA_SETS = {
    "shapes": DataSet(
        "shapes",
        {},
        {"batch_size": 4, "weights": "shipped", "final_images": 100},
        {"fcn32s": 200, "fcn16s": 200, "fcn8s": 300, "fcn8s-at-once": 700},
    ),
    "camvid": DataSet(
        "folder",
        {"ignore": 11},
        {**_REAL, "rate": 1e-3},
        {"fcn32s": 200, "fcn16s": 150, "fcn8s": 200, "fcn8s-at-once": 400},
        {"train": ("train", 10_000), "val": ("val", 10_000)},
    ),
    "voc": DataSet(
        "voc",
        {},
        {**_REAL, "rate": 1e-3},
        {"fcn32s": 300, "fcn16s": 150, "fcn8s": 250, "fcn8s-at-once": 500},
        {"train": ("train", 10_000), "val": ("val", 300)},
    ),
}


class Prepared(NamedTuple):
    """A data set as trainings open it: its name, their settings with all options, and updates."""

    dataset: str
    settings: dict[str, Any]
    steps: Mapping[str, int]

    def open(self, split: str) -> Dataset:
        """Return a split."""
        given = dict(self.settings["data_options"])
        if "data_dir" in self.settings:
            given["data_dir"] = self.settings["data_dir"]
        return dataset_class(self.dataset)(split, **given)


def prepare(
    data: str, folder: Path, data_dir: str | Path | None, weights: str | Path | None, smoke: bool
) -> Prepared:
    """Return how to train on a data set; what is real is copied at half its size first.

    Parameters
    ----------
    data : str
        A key of `DATA_SETS`.
    folder : Path
        Where the smaller copies lie; they are made once.
    data_dir : path or None
        Where the original lies.
    weights : path or None
        What nets start from.
    smoke : bool
        Copy a few images only.

    Raises
    ------
    DataError, WeightsError
        If what is real has no `data_dir` or no `weights`, or the original cannot be read; if
        there is a copy of another original, or a `data_dir` for what is drawn.
    """
    one = DATA_SETS[data]
    if not one.splits:
        if data_dir is not None:
            raise DataError(f"--data {data} is drawn and lies nowhere: leave --data-dir out")
        settings = {**one.settings, "data_options": dict(one.options)}
        return Prepared(
            one.dataset, settings | ({"weights": weights} if weights else {}), one.steps
        )
    if data_dir is None:
        raise DataError(f"--data {data}: say where it lies: --data-dir DIR")
    if weights is None:
        raise WeightsError(
            f"--data {data}: nets start from ImageNet's weights there: --weights FILE, such as "
            "`python -m minifcn.convert bvlc_googlenet.caffemodel -o googlenet.h5` writes it"
        )
    copy = folder / (f"{data}-smoke" if smoke else data)
    done, origin = copy / _DONE, str(Path(data_dir).resolve())
    with locked(folder / f"{copy.name}.lock"):
        if done.exists():
            of = done.read_text(encoding="utf-8")  # older copies do not say it
            if of not in ("", origin):
                raise DataError(
                    f"--data-dir {data_dir}: {copy} is a copy of {of}, and its runs are of that; "
                    "give another --out"
                )
        else:
            for split, (name, count) in one.splits.items():
                dataset = dataset_class(one.dataset)(name, data_dir, **one.options)
                halve(dataset, copy, split, SMOKE_IMAGES if smoke else count)
            with atomic_write(done) as file:
                file.write(origin.encode())
    settings = {**one.settings, "weights": str(weights), "data_dir": str(copy), "data_options": {}}
    return Prepared("folder", settings, one.steps)


def halve(dataset: Dataset, folder: Path, split: str, count: int) -> None:
    """Copy the first `count` images of a split and their label maps at half their size.

    The folder is one for `FolderDataset`: images/SPLIT, labels/SPLIT and classes.txt.
    """
    for kind in ("images", "labels"):
        make_folder(folder / kind / split)
    names = "".join(f"{name}\n" for name in dataset.class_names)
    with atomic_write(folder / "classes.txt") as file:
        file.write(names.encode())
    for index in range(min(count, len(dataset))):
        sample = dataset[index]
        size = tuple(max(1, side // 2) for side in sample.image.shape[1::-1])  # width, height
        image = Image.fromarray(sample.image).resize(size, Image.Resampling.BOX)
        label = Image.fromarray(sample.label.astype(np.uint8)).resize(
            size, Image.Resampling.NEAREST
        )
        image.save(folder / "images" / split / f"{sample.id}.png")
        write_palette_png(folder / "labels" / split / f"{sample.id}.png", np.asarray(label))
