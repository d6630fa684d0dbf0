"""PASCAL VOC segmentation, any year, from the devkit's own folders.

    VOCdevkit/VOC2012/JPEGImages/<id>.jpg
    VOCdevkit/VOC2012/SegmentationClass/<id>.png            palette PNG: 0..20, border 255
    VOCdevkit/VOC2012/ImageSets/Segmentation/<split>.txt    one id a line

The paper trains on SBD's 8,498 images and validates on the 736 of VOC2011's val that SBD does
not train on ("seg11valid"); with VOC alone, train has 1,464 and val 1,449 images in 2012.
"""

from __future__ import annotations

from pathlib import Path

from minifcn.data.dataset import DataError, Sample, data_root, read_lines
from minifcn.data.pairs import read_pair
from minifcn.data.palette import voc_palette

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
    data_dir : str or Path, optional
        VOCdevkit, the folder it lies in, or one VOC20xx folder. Default: $MINIFCN_DATA, ./data.
    year : int or str, optional
        2007..2012; by default the newest that is there.

    Raises
    ------
    DataError
        If the folders or the list are not found; on reading, if a file is unusable.
    """

    name = "voc"
    class_names = VOC_CLASSES

    def __init__(
        self, split: str, data_dir: str | Path | None = None, year: int | str | None = None
    ) -> None:
        self.split = split
        self.root = _find_year(data_root(data_dir), year)
        self.palette = voc_palette()
        self.ids = _read_list(self.root / "ImageSets" / "Segmentation", split)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.ids)

    def __getitem__(self, index: int) -> Sample:
        """Read sample `index`."""
        sample_id = self.ids[index]
        image_path = self.image_path(index)
        label_path = self.root / "SegmentationClass" / f"{sample_id}.png"
        return read_pair(sample_id, image_path, label_path, len(VOC_CLASSES), _BAD_VALUES)

    def image_path(self, index: int) -> Path:
        """Return the file of an image."""
        return self.root / "JPEGImages" / f"{self.ids[index]}.jpg"


def _find_year(folder: Path, year: int | str | None) -> Path:
    """Return the VOC20xx folder at or below `folder`, the newest unless a year is given."""
    found = {
        path.resolve().name: path
        for place in _PLACES
        for path in (sorted(folder.glob(place)) if place else [folder])
        if (path / "ImageSets" / "Segmentation").is_dir()
    }
    if not found:
        raise DataError(
            f"no VOC data in {folder}, its VOC20xx or its VOCdevkit/VOC20xx "
            f"(looked for ImageSets/Segmentation); {_ADVICE}"
        )
    wanted = max(found) if year is None else f"VOC{year}"
    if wanted not in found:
        raise DataError(f"no {wanted} in {folder}, only {', '.join(sorted(found))}; {_ADVICE}")
    return found[wanted]


def _read_list(folder: Path, split: str) -> list[str]:
    """Return the ids in the list of a split."""
    path = folder / f"{split}.txt"
    if not path.is_file():
        lists = ", ".join(sorted(file.stem for file in folder.glob("*.txt"))) or "none"
        raise DataError(f"VOC has no split {split!r} in {folder}; the lists there: {lists}")
    ids = [line.split()[0] for line in read_lines(path)]
    if not ids:
        raise DataError(f"the list {path} is empty; extract the VOC archive again")
    return ids
