"""Small data sets in the layouts that the readers accept."""

from pathlib import Path

import pytest
from helpers.data_files import add_pair
from helpers.data_trees import make_voc


@pytest.fixture
def devkit(tmp_path: Path) -> Path:
    """A VOCdevkit: 2012 with the lists train (a, b) and val (c), 2007 with train (a)."""
    return make_voc(tmp_path)


@pytest.fixture
def own_folder(tmp_path: Path) -> Path:
    """Ten pairs n0 ... n9 of two classes, without splits."""
    root = tmp_path / "own"
    for i in range(10):
        add_pair(root / "images" / f"n{i}.png", root / "labels" / f"n{i}.png", seed=i)
    (root / "classes.txt").write_text("nothing\nthing\n")
    return root
