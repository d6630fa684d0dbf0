"""Small data sets in the layouts that the readers accept."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.small_data import add_pair


@pytest.fixture
def devkit(tmp_path: Path) -> Path:
    """A VOCdevkit: 2012 with the lists train (a, b) and val (c), 2007 with train (a)."""
    for year, splits in (("2007", {"train": "a"}), ("2012", {"train": "ab", "val": "c"})):
        root = tmp_path / "VOCdevkit" / f"VOC{year}"
        lists = root / "ImageSets" / "Segmentation"
        lists.mkdir(parents=True)
        for split, ids in splits.items():
            (lists / f"{split}.txt").write_text("\n".join(ids) + "\n")
            for name in ids:
                image = root / "JPEGImages" / f"{name}.jpg"
                label = root / "SegmentationClass" / f"{name}.png"
                add_pair(image, label, seed=ord(name), value=15)
    return tmp_path / "VOCdevkit"


@pytest.fixture
def own_folder(tmp_path: Path) -> Path:
    """Ten pairs n0 ... n9 of two classes, without splits."""
    root = tmp_path / "own"
    for i in range(10):
        add_pair(root / "images" / f"n{i}.png", root / "labels" / f"n{i}.png", seed=i)
    (root / "classes.txt").write_text("nothing\nthing\n")
    return root
