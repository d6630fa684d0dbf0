"""Which pictures are meant by files, folders and patterns."""

from pathlib import Path

import pytest

from minifcn.inference.sources import find_sources


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in, with pictures and other files, some of them deeper."""
    monkeypatch.chdir(tmp_path)
    for name in ("photos/b.JPG", "photos/a.png", "photos/c.mp4", "photos/x.txt", "photos/d.h5"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    for name in ("photos/.hidden.png", "photos/deep/e.png", "empty/x.txt", "a[1].png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()


@pytest.mark.parametrize(
    ("names", "files"),
    [
        (["photos/x.txt", "nowhere.png"], ["photos/x.txt", "nowhere.png"]),
        (["photos"], ["photos/a.png", "photos/b.JPG", "photos/c.mp4"]),
        (["photos/*.png", "photos/a.png"], ["photos/a.png"]),
        (["**/*.png"], ["a[1].png", "photos/a.png", "photos/deep/e.png"]),
        (["a[1].png"], ["a[1].png"]),
        (["ph*"], ["photos/a.png", "photos/b.JPG", "photos/c.mp4"]),
    ],
)
def test_files_folders_and_patterns_are_pictures_in_the_order_of_their_names(names, files, here):
    found = find_sources(map(Path, names))
    assert [path.as_posix() for path in found.files] == files
    assert not found.problems
    assert found.left_out == (2 if names in (["photos"], ["ph*"]) else 0)


@pytest.mark.parametrize(
    ("name", "message"),
    [("empty", "there is no picture in the folder empty"), ("*.gif", "no file is called as")],
)
def test_where_there_is_nothing_that_is_a_problem(name, message, here):
    found = find_sources([Path(name)])
    assert not found.files
    (problem,) = found.problems
    assert message in str(problem)
