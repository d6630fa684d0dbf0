"""A folder of your own images and label maps, matched by file name.

    DIR/classes.txt                     the classes, see classes.py
    DIR/images/NAME.jpg                 any picture format
    DIR/labels/NAME.png                 class indices: palette PNG or single-channel PNG; or
                                        NAME_mask.png, if "_mask" is the `label_suffix`

Which names are for training is said in one of three ways, looked for in this order:

    DIR/images/train/, DIR/labels/train/, DIR/images/val/, DIR/labels/val/
    DIR/train.txt, DIR/val.txt          one name a line, with or without extension
    nothing                             a fraction (default 0.2) is held out as "val"
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import ClassVar

from minifcn.data.classes import read_classes
from minifcn.data.dataset import (
    DataError,
    Defaults,
    Sample,
    data_root,
    read_lines,
    refuse_outside,
    some,
)
from minifcn.data.folder_files import (
    Files,
    image_files,
    label_files,
    missing_folder,
    refuse_unmatched,
)
from minifcn.data.pairs import read_pair
from minifcn.data.palette import voc_palette

_BAD_VALUES = (
    "correct the map (was it saved in grey?), name the class in classes.txt, or have one value "
    'ignored: a line "ignore: {value}" in classes.txt, or --ignore {value}'
)


class FolderDataset:
    """Images and label maps in two folders; a `Dataset`.

    Parameters
    ----------
    split : str
        "train" or "val"; any other that has a folder or a list.
    data_dir : str or Path, optional
        The folder DIR above. Default: $MINIFCN_DATA, ./data.
    ignore : int, optional
        A label value that does not count, read as 255; instead of the one in the classes file.
    fraction : float
        Without folders or lists: the share of the names that is held out as "val", in (0, 1).
        A name falls on its side by a hash of `seed` and itself, so adding files moves no others.
    seed : int
        Another seed holds out another share.
    label_suffix : str
        What the names of label maps have at their end that those of images have not.

    Raises
    ------
    DataError
        If folders, classes or files are missing or do not match; on reading, if a file is
        unusable.
    """

    name = "folder"
    defaults = Defaults(pixels=480 * 360, images=8_000, padding="same")
    options: ClassVar[dict[str, str]] = {
        "ignore": "a label value that shall not count (default: as classes.txt says)",
        "fraction": "the share held out for validation if there are no splits (default: 0.2)",
        "label_suffix": "what label maps have at the end of their names, such as _mask (default: "
        "none)",
    }

    def __init__(
        self,
        split: str,
        data_dir: str | Path | None = None,
        ignore: int | None = None,
        fraction: float = 0.2,
        seed: int = 0,
        label_suffix: str = "",
    ) -> None:
        if not 0 < fraction < 1:
            raise DataError(f"fraction must be between 0 and 1, not {fraction}")
        if ignore is not None and not 0 <= ignore <= 255:
            raise DataError(f"ignore must be a label value, 0..255, not {ignore}")
        self.split = split
        self.root = data_root(data_dir)
        for folder in (self.root / "images", self.root / "labels"):
            if not folder.is_dir():
                raise DataError(missing_folder(folder))
        classes = read_classes(self.root)
        self.class_names = classes.names
        self.ignore = classes.ignore if ignore is None else ignore
        self._colours = classes.palette
        self.palette = voc_palette()
        if classes.palette is not None:
            self.palette[: len(classes.palette)] = classes.palette
        self._images, self._labels, self.ids = _find_split(
            self.root, split, fraction, seed, label_suffix
        )

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.ids)

    def __getitem__(self, index: int) -> Sample:
        """Read sample `index`."""
        return read_pair(
            self.ids[index],
            self.image_path(index),
            self._labels[self.ids[index]],
            len(self.class_names),
            _BAD_VALUES,
            ignore=self.ignore,
            palette=self._colours,
        )

    def image_path(self, index: int) -> Path:
        """Return the file of an image."""
        return self._images[self.ids[index]]

    def label_path(self, index: int) -> Path:
        """Return the file of a label map."""
        return self._labels[self.ids[index]]


def _find_split(
    root: Path, split: str, fraction: float, seed: int, suffix: str
) -> tuple[Files, Files, list[str]]:
    """Return the images and the label maps by name, and the names of a split in order."""
    folders = sorted(path.name for path in (root / "images").iterdir() if path.is_dir())
    lists = sorted(path.stem for path in root.glob("*.txt") if path.name != "classes.txt")
    if {"train", split} & set(folders):
        if split not in folders:
            raise DataError(f"no split {split!r} in {root / 'images'}, only {', '.join(folders)}")
        images = image_files(root / "images" / split)
        labels = label_files(root / "labels" / split, suffix, images)
        refuse_unmatched(root, images, labels)
        return images, labels, list(images)

    images = image_files(root / "images")
    labels = label_files(root / "labels", suffix, images)
    if {"train", "val"} & set(lists):
        if split not in lists:
            raise DataError(f"no list {split}.txt in {root}, only {', '.join(lists)}")
        return images, labels, _listed(root / f"{split}.txt", images, labels)

    refuse_unmatched(root, images, labels)
    names = _held_out(list(images), fraction, seed)
    if split not in names:
        raise DataError(
            f"no split {split!r} in {root}: it has neither folders nor lists for splits, so there "
            "are only train and val"
        )
    return images, labels, names[split]


def _listed(path: Path, images: Files, labels: Files) -> list[str]:
    """Return the names in a list file; "a", "a.jpg" and "images/a.jpg" all name sample a."""
    lines = read_lines(path)
    refuse_outside(path, lines, path.parent)
    names = [line if line in images else Path(line).stem for line in lines]
    missing = [name for name in names if name not in images or name not in labels]
    if missing or not names:
        raise DataError(
            f"{path} lists {len(names)} names, {len(missing)} of them without an image or a label "
            f"map ({some(missing)}); correct the list or add the files"
        )
    return names


def _held_out(names: list[str], fraction: float, seed: int) -> dict[str, list[str]]:
    """Return the names for "train" and "val": the hash of a name decides, neither gets none."""
    if len(names) < 2:
        raise DataError(f"one image, {names[0]}, cannot be split into train and val; add some")

    def draw(name: str) -> float:  # uniform in [0, 1)
        digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
        return int.from_bytes(digest[:6], "big") / 2**48

    drawn = sorted(names, key=draw)
    count = min(max(sum(draw(name) < fraction for name in names), 1), len(names) - 1)
    val = set(drawn[:count])
    return {"train": [n for n in names if n not in val], "val": [n for n in names if n in val]}
