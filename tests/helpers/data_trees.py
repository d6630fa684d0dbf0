"""Small data sets in the formats and folders of VOC, SBD, SIFT Flow and PASCAL-Context."""

from pathlib import Path

import numpy as np
import scipy.sparse
from helpers.data_files import SIZE, add_mat, add_pair, add_picture, picture
from helpers.nyud_files import make_nyud_folder

from minifcn.data.context import CONTEXT_CLASSES

SCENES = "spatial_envelope_256x256_static_8outdoorcategories"
# What three of the classes are called among the 459.
RENAMED = {"diningtable": "table", "bedcloth": "bedclothes", "clothes": "cloth"}


def make_voc(folder: Path, years: dict[str, dict[str, str]] | None = None) -> Path:
    """Make VOCdevkit in a folder and return it; each letter of a split is an id.

    By default 2012 has the lists train (a, b) and val (c), and 2007 has train (a).
    """
    devkit = folder / "VOCdevkit"
    years = years or {"2007": {"train": "a"}, "2012": {"train": "ab", "val": "c"}}
    for year, splits in years.items():
        root = devkit / f"VOC{year}"
        lists = root / "ImageSets" / "Segmentation"
        lists.mkdir(parents=True)
        for split, ids in splits.items():
            (lists / f"{split}.txt").write_text("\n".join(ids) + "\n")
            for name in ids:
                image, label = f"JPEGImages/{name}.jpg", f"SegmentationClass/{name}.png"
                add_pair(root / image, root / label, seed=ord(name), value=15)
    return devkit


def sbd_struct(label: np.ndarray) -> dict:
    """Return SBD's variable: a struct with a cell of sparse boundaries, the map, the classes."""
    boundaries = np.empty((20, 1), object)
    for index in range(20):
        boundaries[index, 0] = scipy.sparse.csc_matrix(label == index + 1, dtype=float)
    present = np.unique(label[label > 0]).reshape(-1, 1)
    return {"Boundaries": boundaries, "Segmentation": label, "CategoriesPresent": present}


def sbd_map(value: int) -> np.ndarray:
    """Return a label map of 0 and a class."""
    label = np.zeros(SIZE, np.uint8)
    label[2:5, 1:4] = value
    return label


def make_sbd(folder: Path, splits: dict[str, str] | None = None) -> Path:
    """Make benchmark_RELEASE in a folder; each letter of a split is an id. Return its dataset."""
    root = folder / "benchmark_RELEASE" / "dataset"
    for split, ids in (splits or {"train": "ab", "val": "c"}).items():
        for name in ids:
            add_picture(root / "img" / f"{name}.jpg", picture(ord(name)))
            add_mat(root / "cls" / f"{name}.mat", {"GTcls": sbd_struct(sbd_map(7))})
        (root / f"{split}.txt").write_text("\n".join(ids) + "\n")
    return root


SEMANTIC = np.arange(48).reshape(6, 8) % 34  # 0 = void, 1..33
GEOMETRIC = np.array([-1, 1, 2, 3])[np.arange(48).reshape(6, 8) % 4]  # -1 = void, 1..3


def make_siftflow(folder: Path) -> Path:
    """Make SiftFlowDataset with the images a, b, c and the unlabelled d; c is the test."""
    root = folder / "SiftFlowDataset"
    for seed, name in enumerate("abcd"):
        add_picture(root / "Images" / SCENES / f"{name}.jpg", picture(seed))
        if name != "d":
            add_mat(root / "SemanticLabels" / SCENES / f"{name}.mat", {"S": SEMANTIC * 1.0})
            add_mat(root / "GeoLabels" / SCENES / f"{name}.mat", {"S": GEOMETRIC * 1.0})
    (root / "test.txt").write_text("c\n")
    return root


def full_names() -> list[str]:
    """Return 459 label names in the alphabet's order, the classes among them as the archive has."""
    names = [RENAMED.get(name, name) for name in CONTEXT_CLASSES[1:]]
    return sorted([*names, *(f"other thing {index}" for index in range(400))])


def make_context(folder: Path) -> Path:
    """Make VOC2010 (train: a, b; val: c) and pascal-context; return the latter."""
    voc, root = folder / "VOC2010", folder / "pascal-context"
    lists = voc / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    for split, ids in {"train": "ab", "val": "c"}.items():
        (lists / f"{split}.txt").write_text("\n".join(ids) + "\n")
        for name in ids:
            add_picture(voc / "JPEGImages" / f"{name}.jpg", picture(ord(name)))
            label = np.arange(1, 49, dtype=np.uint16).reshape(6, 8) * 9 + ord(name) - ord("a")
            add_mat(root / "trainval" / f"{name}.mat", {"LabelMap": label})
    for file, names in (("labels", full_names()), ("59_labels", CONTEXT_CLASSES[1:])):
        lines = [f"{number}: {name}\n" for number, name in enumerate(names, 1)]
        (root / f"{file}.txt").write_text("".join(lines))
    return root


MAKE = {
    "voc": make_voc,
    "sbd": make_sbd,
    "siftflow": make_siftflow,
    "context": make_context,
    "nyud": make_nyud_folder,
}
