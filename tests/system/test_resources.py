"""The shipped weights are found in a source tree and in an installed package."""

import pytest

from minifcn.system import resources


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """The two places, both empty."""
    places = (tmp_path / "minifcn" / "_weights", tmp_path / "weights")
    for place in places:
        place.mkdir(parents=True)
    monkeypatch.setattr(resources, "FOLDERS", places)
    return places


@pytest.mark.parametrize("place", [0, 1])
def test_weights_are_found_in_either_place(folders, place):
    path = folders[place] / "small.h5"
    path.touch()
    assert resources.shipped_weights("small") == path


def test_unknown_name_is_answered_with_the_known_ones(folders):
    (folders[1] / "small.h5").touch()
    with pytest.raises(FileNotFoundError, match="no weights called 'large' .* only small"):
        resources.shipped_weights("large")


def test_missing_folders_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "FOLDERS", (tmp_path / "nowhere",))
    with pytest.raises(FileNotFoundError, match="only none .looked in .*nowhere"):
        resources.shipped_weights("small")


def test_source_tree_has_a_place_for_weights():
    assert any((folder / "README.md").is_file() for folder in resources.FOLDERS)
