"""Which files a command may write."""

import os
from pathlib import Path

import pytest

from minifcn.system.outputs import OutputError, distinct_names, refuse_losses


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(b"a photograph")
    return path


def test_what_is_not_there_may_be_written(photo):
    refuse_losses([photo.with_name("label.png")], [photo, Path("nowhere")])


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("link", ["", "symbolic", "hard"])
def test_what_is_read_is_never_written_by_any_name(photo, link, overwrite):
    other = photo.with_name("other.png") if link else photo.parent / "." / photo.name
    if link:
        (os.symlink if link == "symbolic" else os.link)(photo, other)
    with pytest.raises(OutputError, match=f"{other.name} is read, or lies in a folder that is, so"):
        refuse_losses([other], [photo], overwrite)


def test_what_lies_in_a_folder_that_is_read_is_never_written(photo):
    with pytest.raises(OutputError, match=r"photo\.png is read"):
        refuse_losses([photo], [photo.parent.parent], overwrite=True)


def test_another_file_is_replaced_only_if_that_is_asked_for(photo):
    with pytest.raises(OutputError, match=r"is there already: choose another output, or give"):
        refuse_losses([photo], [], overwrite=False)
    refuse_losses([photo], [], overwrite=True)


def test_a_folder_is_not_replaced(photo):
    with pytest.raises(OutputError, match="is a folder"):
        refuse_losses([photo.parent], [], overwrite=True)


def test_no_output_is_lost_to_another(tmp_path):
    with pytest.raises(OutputError, match=r"b\.csv would be written twice"):
        refuse_losses([tmp_path / "b.csv", tmp_path / "a" / ".." / "b.csv"], [], overwrite=True)


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a/x.jpg", "b/x.jpg", "y.png"], ["x", "x_2", "y"]),
        (["x.jpg", "x.png", "x_2.png"], ["x", "x_2", "x_2_2"]),
        (["x.jpg", "X.jpg"], ["x", "X_2"]),
        (["x.jpg", "x_geo.jpg"], ["x", "x_geo_2"]),  # x has an output of that name
    ],
)
def test_no_two_outputs_have_one_name(paths, names):
    assert distinct_names(map(Path, paths), ["_label.png", "_geo_label.png"]) == names
