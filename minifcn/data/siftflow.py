"""SIFT Flow: 2,688 outdoor scenes of 256 x 256 pixels, labelled twice: what it is, how it lies.

    Images/spatial_envelope_256x256_static_8outdoorcategories/<id>.jpg
    SemanticLabels/<the same>/<id>.mat      S: 0 = void, 1..33
    GeoLabels/<the same>/<id>.mat           S: -1 = void, 1 = sky, 2 = horizontal, 3 = vertical
    test.txt                                200 ids, the test set; trainval.txt, 2,486 ids

Classes are numbered from 0 here and void is 255, in both maps. Without trainval.txt, all images
that have both label maps and are not in test.txt are for training: highway_bost181 and
street_urb506 are not labelled. Cow, desert and moon do not occur in the test set; the means are
over the classes that occur.

Source: Tighe, Lazebnik: SuperParsing, ECCV 2010 (the archive); Long et al. 2015, section 5.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minifcn.backend import IGNORE
from minifcn.data.dataset import DataError, Defaults, Sample, data_root, read_lines
from minifcn.data.images import read_image
from minifcn.data.mat_labels import read_mat_label
from minifcn.data.palette import voc_palette

SEMANTIC_CLASSES = (
    *("awning", "balcony", "bird", "boat", "bridge", "building", "bus", "car", "cow", "crosswalk"),
    *("desert", "door", "fence", "field", "grass", "moon", "mountain", "person", "plant", "pole"),
    *("river", "road", "rock", "sand", "sea", "sidewalk", "sign", "sky", "staircase"),
    *("streetlight", "sun", "tree", "window"),
)
GEOMETRIC_CLASSES = ("sky", "horizontal", "vertical")

_SCENES = "spatial_envelope_256x256_static_8outdoorcategories"
_PLACES = ("", "SiftFlowDataset", "sift-flow", "siftflow")
_ADVICE = (
    "point --data-dir or MINIFCN_DATA at the folder that holds SiftFlowDataset; to get it, "
    "download http://www.cs.unc.edu/~jtighe/Papers/ECCV10/siftflow/SiftFlowDataset.zip and "
    "extract it there"
)
_ALIASES = {"train": "trainval", "val": "test"}


class SiftFlowDataset:
    """SIFT Flow with 33 semantic and, as the extra head "geo", 3 geometric classes; a `Dataset`.

    Parameters
    ----------
    split : str
        "trainval" or "test", also called "train" and "val"; or a list of your own.
    data_dir : str or Path, optional
        The folder with Images, SemanticLabels and GeoLabels, or the one it lies in. Default:
        $MINIFCN_DATA, ./data.

    Raises
    ------
    DataError
        If the folders or the lists are not found; on reading, if a file is unusable.
    """

    name = "siftflow"
    class_names = SEMANTIC_CLASSES
    defaults = Defaults(pixels=256 * 256, images=10_000, mean="reference")

    def __init__(self, split: str, data_dir: str | Path | None = None) -> None:
        self.split = split
        self.root = _find(data_root(data_dir))
        self.palette = _palette()
        self.extra_classes = {"geo": GEOMETRIC_CLASSES}
        self.extra_palettes = {"geo": _palette()}
        self.ids = _ids(self.root, _ALIASES.get(split, split))

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.ids)

    def __getitem__(self, index: int) -> Sample:
        """Read sample `index`."""
        sample_id = self.ids[index]
        image = read_image(self.image_path(index))
        semantic, geometric = (
            read_mat_label(
                self.root / kind / _SCENES / f"{sample_id}.mat",
                "S",
                values=values,
                size=image.shape[:2],
            )
            for kind, values in (
                ("SemanticLabels", range(len(SEMANTIC_CLASSES) + 1)),
                ("GeoLabels", range(-1, len(GEOMETRIC_CLASSES) + 1)),
            )
        )
        extra_labels = {"geo": _from_zero(geometric)}
        return Sample(sample_id, image, _from_zero(semantic), extra_labels=extra_labels)

    def image_path(self, index: int) -> Path:
        """Return the file of an image."""
        return self.root / "Images" / _SCENES / f"{self.ids[index]}.jpg"


def _from_zero(label: np.ndarray) -> np.ndarray:
    """Return a label map with the classes from 0 on, in which what was 0 or less is ignored."""
    return np.where(label > 0, label - 1, IGNORE).astype(np.uint8)


def _palette() -> np.ndarray:
    """Return VOC's colours for the values in the files: black is for void."""
    return np.roll(voc_palette(), -1, axis=0)


def _find(folder: Path) -> Path:
    for place in _PLACES:
        if all((folder / place / kind / _SCENES).is_dir() for kind in ("Images", "SemanticLabels")):
            return folder / place
    raise DataError(
        f"no SIFT Flow (Images/{_SCENES}, SemanticLabels, GeoLabels) in {folder}; {_ADVICE}"
    )


def _ids(root: Path, split: str) -> list[str]:
    """Return the ids of a split: those in its list, or for "trainval" those not in the test's."""
    path = root / f"{split}.txt"
    if path.is_file():
        ids = read_lines(path)
    elif split == "trainval" and (root / "test.txt").is_file():
        tested = set(read_lines(root / "test.txt"))
        ids = [name for name in _labelled(root) if name not in tested]
    else:
        raise DataError(
            f"no list {path} (one id a line, such as coast_natu975); the archive has none of the "
            "paper's, take test.txt and trainval.txt from the reference code's data/sift-flow"
        )
    if not ids:
        raise DataError(f"{root} has no images for {split}: the list is empty or tests them all")
    return ids


def _labelled(root: Path) -> list[str]:
    """Return the names of the images that have both label maps, in order."""
    stems = [
        {path.stem for path in (root / kind / _SCENES).glob(f"*{suffix}")}
        for kind, suffix in (("Images", ".jpg"), ("SemanticLabels", ".mat"), ("GeoLabels", ".mat"))
    ]
    return sorted(set.intersection(*stems))
