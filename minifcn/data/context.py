"""PASCAL-Context: all of VOC2010's training images, every pixel labelled, in 59 classes and others.

    VOC2010/JPEGImages/<id>.jpg, VOC2010/ImageSets/Main/{train,val}.txt     4,998 and 5,105 images
    pascal-context/trainval/<id>.mat        LabelMap: 1..459
    pascal-context/labels.txt               "1: accordion", ... the names of these 459

The task has the 59 most frequent of the 459 labels as classes; they are found by their names in
labels.txt. All else is class 0, background, which is learnt and counts like any other: nothing is
ignored, and the paper's mean IU is over 60 classes. The order of the classes is that of the
archive's 59_labels.txt and of the paper's nets, not the alphabet's.

Source: Mottaghi et al.: The Role of Context for Object Detection and Semantic Segmentation in the
Wild, CVPR 2014; Shelhamer et al. 2017, section 5.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minifcn.data.dataset import DataError, Defaults, Sample, data_root, read_lines, read_list, some
from minifcn.data.images import read_image
from minifcn.data.mat_labels import read_mat_label
from minifcn.data.palette import voc_palette
from minifcn.data.voc import VOC_CLASSES, find_year

CONTEXT_CLASSES = (
    *VOC_CLASSES,
    *("bag", "bed", "bench", "book", "building", "cabinet", "ceiling", "clothes", "computer"),
    *("cup", "door", "fence", "floor", "flower", "food", "grass", "ground", "keyboard", "light"),
    *("mountain", "mouse", "curtain", "platform", "sign", "plate", "road", "rock", "shelves"),
    *("sidewalk", "sky", "snow", "bedcloth", "track", "tree", "truck", "wall", "water", "window"),
    "wood",
)
# Three classes are called otherwise among the 459.
_FULL_NAMES = {"diningtable": "table", "bedcloth": "bedclothes", "clothes": "cloth"}
_PLACES = ("", "pascal-context", "PASCAL-Context", "context")
_ADVICE = (
    "point --data-dir or MINIFCN_DATA at a folder that holds VOC2010 (or VOCdevkit/VOC2010) and "
    "pascal-context with trainval/ and labels.txt, from "
    "https://cs.stanford.edu/~roozbeh/pascal-context/"
)


class ContextDataset:
    """PASCAL-Context with 59 classes and background; a `Dataset`.

    Parameters
    ----------
    split : str
        Name of a list in VOC2010's ImageSets/Main: "train", "val", "trainval".
    data_dir : str or Path, optional
        The folder with pascal-context and VOC2010 (or VOCdevkit). Default: $MINIFCN_DATA, ./data.

    Raises
    ------
    DataError
        If the folders or the lists are not found or labels.txt lacks a class; on reading, if a
        file is unusable.
    """

    name = "context"
    class_names = CONTEXT_CLASSES
    defaults = Defaults(pixels=500 * 375, images=20_000)

    def __init__(self, split: str, data_dir: str | Path | None = None) -> None:
        folder = data_root(data_dir)
        self.split = split
        self.root = _find(folder)
        self.voc_root = find_year(folder, 2010, lists="Main")
        self.palette = voc_palette()
        self.ids = read_list(self.voc_root / "ImageSets" / "Main", split)
        self._classes = _class_of_label(self.root / "labels.txt")

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.ids)

    def __getitem__(self, index: int) -> Sample:
        """Read sample `index`."""
        sample_id = self.ids[index]
        image = read_image(self.image_path(index))
        label = read_mat_label(
            self.root / "trainval" / f"{sample_id}.mat",
            "LabelMap",
            values=range(len(self._classes)),
            size=image.shape[:2],
        )
        return Sample(sample_id, image, self._classes[label])

    def image_path(self, index: int) -> Path:
        """Return the file of an image."""
        return self.voc_root / "JPEGImages" / f"{self.ids[index]}.jpg"


def _find(folder: Path) -> Path:
    for place in _PLACES:
        if (folder / place / "trainval").is_dir() and (folder / place / "labels.txt").is_file():
            return folder / place
    raise DataError(f"no PASCAL-Context (trainval, labels.txt) in {folder}; {_ADVICE}")


def _class_of_label(path: Path) -> np.ndarray:
    """Return the class, 0..59, of each of the full labels, from labels.txt; uint8 (460,)."""
    names = ["", *(line.partition(":")[2].replace(" ", "") for line in read_lines(path))]
    numbers = [line.partition(":")[0].strip() for line in read_lines(path)]
    if numbers != [str(number) for number in range(1, len(names))]:
        raise DataError(f'{path} must have the lines "1: accordion", "2: ..." and so on, in order')
    wanted = [_FULL_NAMES.get(name, name) for name in CONTEXT_CLASSES[1:]]
    missing = [name for name in wanted if name not in names]
    if missing:
        raise DataError(
            f"{path} lacks {len(missing)} of the 59 classes ({some(missing)}); take it from the "
            "archive of PASCAL-Context again"
        )
    classes = np.zeros(len(names), np.uint8)
    classes[[names.index(name) for name in wanted]] = np.arange(1, len(CONTEXT_CLASSES))
    return classes
