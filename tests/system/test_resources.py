"""The shipped weights are found in a source tree and in an installed package."""

import pytest

from minifcn.system import resources


def test_weights_are_found_in_either_place_and_others_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "FOLDERS", [tmp_path / "one", tmp_path / "other"])
    with pytest.raises(FileNotFoundError, match="only none .looked in .*one"):
        resources.shipped_weights("small")
    for place in resources.FOLDERS:
        place.mkdir()
        path = place / f"{place.name}.h5"
        path.touch()
        assert resources.shipped_weights(place.name) == path
    with pytest.raises(FileNotFoundError, match="no weights called 'large' .* only one, other"):
        resources.shipped_weights("large")


def test_source_tree_has_a_place_for_weights():
    assert any((folder / "README.md").is_file() for folder in resources.FOLDERS)
