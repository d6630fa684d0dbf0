"""PASCAL VOC segmentation, any year, from the devkit's own folders, alone or with SBD.

    VOCdevkit/VOC2012/JPEGImages/<id>.jpg
    VOCdevkit/VOC2012/SegmentationClass/<id>.png            palette PNG: 0..20, border 255
    VOCdevkit/VOC2012/ImageSets/Segmentation/<split>.txt    one id a line

With VOC alone, train has 1,464 and val 1,449 images in 2012. The paper trains on SBD's 8,498
images (sbd.py) and validates on "seg11valid", those 736 of VOC2011's val on which SBD does not
train: the list follows from the two lists, and so does the one for any other year.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from minifcn.backend import IGNORE
from minifcn.data.dataset import DataError, Defaults, Sample, data_root, read_list
from minifcn.data.images import read_image
from minifcn.data.pairs import read_pair
from minifcn.data.palette import voc_palette
from minifcn.data.sbd_tree import find_sbd, sbd_image, sbd_label

VOC_CLASSES = (
    "background",
    *("aeroplane", "bicycle", "bird", "boat", "bottle"),
    *("bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person"),
    *("pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)
_PLACES = ("", "VOC20??", "VOCdevkit/VOC20??", "TrainVal/VOCdevkit/VOC20??")
_ADVICE = (
    "point --data-dir or MINIFCN_DATA at the folder that holds VOCdevkit; to get it, download "
    "VOCtrainval_11-May-2012.tar from http://host.robots.ox.ac.uk/pascal/VOC/voc2012/ and extract "
    "it there"
)
_BAD_VALUES = "take the map from the VOC archive again, it was changed (saved in grey?)"


class VOCDataset:
    """PASCAL VOC with its 21 classes; a `Dataset`.

    Parameters
    ----------
    split : str
        Name of a list in ImageSets/Segmentation: "train", "val", "trainval", or one of your own.
        Or "seg11valid", which is made from the lists of VOC2011 and SBD unless there is such a
        list. Of "test" the label maps are not published: where there is none, all is 255.
    data_dir : str or Path, optional
        VOCdevkit, the folder it lies in, or one VOC20xx folder. Default: $MINIFCN_DATA, ./data.
        For "seg11valid" and `sbd`, benchmark_RELEASE must be in the same folder as VOCdevkit.
    year : int, optional
        2007..2012; by default the newest that is there, for "seg11valid" 2011.
    sbd : bool
        Train on SBD's training images too, with VOC's own label map where it has one, and validate
        on what is left of "val".

    Raises
    ------
    DataError
        If the folders or the list are not found; on reading, if a file is unusable.
    """

    name = "voc"
    class_names = VOC_CLASSES
    defaults = Defaults(pixels=500 * 375, images=8_000)
    options: ClassVar[dict[str, str]] = {
        "year": "the year of the tree, such as 2012 (default: the newest that is there)",
        "sbd": "train on the images of SBD too, and leave them out of val",
    }

    def __init__(
        self,
        split: str,
        data_dir: str | Path | None = None,
        year: int | None = None,
        sbd: bool = False,
    ) -> None:
        folder = data_root(data_dir)
        self.split = split
        self.root = find_year(folder, 2011 if split == "seg11valid" and year is None else year)
        self.sbd_root = find_sbd(folder) if sbd else None
        self.palette = voc_palette()
        lists = self.root / "ImageSets" / "Segmentation"
        if split == "seg11valid" and not (lists / "seg11valid.txt").is_file():
            self.ids = _seg11valid(folder)
        elif self.sbd_root is not None and split != "seg11valid":
            self.ids = _with_sbd(lists, self.sbd_root, split)
        else:
            self.ids = read_list(lists, split)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.ids)

    def __getitem__(self, index: int) -> Sample:
        """Read sample `index`."""
        sample_id = self.ids[index]
        image_path = self.image_path(index)
        label_path = self._label_path(sample_id)
        if label_path.is_file() or (self.sbd_root is None and self.split != "test"):
            return read_pair(sample_id, image_path, label_path, len(VOC_CLASSES), _BAD_VALUES)
        image = read_image(image_path)
        size = image.shape[:2]
        if self.sbd_root is not None:
            return Sample(sample_id, image, sbd_label(self.sbd_root, sample_id, size))
        return Sample(sample_id, image, np.full(size, IGNORE, np.uint8))

    def image_path(self, index: int) -> Path:
        """Return the file of an image: VOC's, or SBD's where VOC's label map is missing."""
        sample_id = self.ids[index]
        if self.sbd_root is not None and not self._label_path(sample_id).is_file():
            return sbd_image(self.sbd_root, sample_id)
        return self.root / "JPEGImages" / f"{sample_id}.jpg"

    def _label_path(self, sample_id: str) -> Path:
        return self.root / "SegmentationClass" / f"{sample_id}.png"


def find_year(folder: Path, year: int | None, lists: str = "Segmentation") -> Path:
    """Return the VOC20xx folder at or below `folder`, the newest unless a year is given.

    Parameters
    ----------
    lists : str
        The folder in ImageSets that it must have.

    Raises
    ------
    DataError
        If there is none.
    """
    found = {
        path.resolve().name: path
        for place in _PLACES
        for path in (sorted(folder.glob(place)) if place else [folder])
        if (path / "ImageSets" / lists).is_dir()
    }
    if not found:
        raise DataError(
            f"no VOC data in {folder}, its VOC20xx or its VOCdevkit/VOC20xx "
            f"(looked for ImageSets/{lists}); {_ADVICE}"
        )
    wanted = max(found) if year is None else f"VOC{year}"
    if wanted not in found:
        raise DataError(f"no {wanted} in {folder}, only {', '.join(sorted(found))}; {_ADVICE}")
    return found[wanted]


def _seg11valid(folder: Path) -> list[str]:
    """Return the ids of VOC2011's val that are not in SBD's train.

    Source: Long et al. 2015, section 5, footnote 7; 736 of 1,111 images.
    """
    lists = find_year(folder, 2011) / "ImageSets" / "Segmentation"
    return _without(read_list(lists, "val"), read_list(find_sbd(folder), "train"), lists)


def _with_sbd(lists: Path, sbd_root: Path, split: str) -> list[str]:
    """Return the ids for training on VOC and SBD, or for validating after that."""
    trained = read_list(sbd_root, "train")
    val = _without(read_list(lists, "val"), trained, lists)
    if split == "val":
        return val
    if split != "train":
        raise DataError(f"VOC with SBD has the splits train, val and seg11valid, not {split!r}")
    return _without(list(dict.fromkeys(read_list(lists, "train") + trained)), val, lists)


def _without(ids: list[str], others: list[str], lists: Path) -> list[str]:
    left = set(others)
    kept = [sample_id for sample_id in ids if sample_id not in left]
    if not kept:
        raise DataError(f"SBD trains on all images in the list of {lists}, so none is left")
    return kept
