"""What experiments are tried on is what was given, not what was there before."""

import pytest

from minifcn.data.dataset import DataError
from minifcn.data.shapes import ShapesDataset
from minifcn.experiments.data_sets import halve, prepare


@pytest.fixture
def originals(tmp_path):
    """Two folders of a street each."""
    for name in ("first", "second"):
        for split in ("train", "val"):
            halve(ShapesDataset(split, size=(32, 32)), tmp_path / name, split, 1)
    return tmp_path


def test_a_copy_of_other_data_is_not_taken_for_it(originals):
    how = {"folder": originals / "out", "weights": "a.h5", "smoke": True}
    for _ in range(2):  # copied, then taken as it is
        made = prepare("camvid", data_dir=originals / "first", **how)
    assert len(made.open("train")) == 1
    with pytest.raises(DataError, match=r"camvid-smoke is a copy of .*first"):
        prepare("camvid", data_dir=originals / "second", **how)


def test_an_older_copy_that_does_not_say_of_what_is_taken(originals):
    how = {"folder": originals / "out", "weights": "a.h5", "smoke": True}
    prepare("camvid", data_dir=originals / "first", **how)
    (originals / "out" / "camvid-smoke" / "complete").write_text("")
    assert prepare("camvid", data_dir=originals / "second", **how).dataset == "folder"
