"""Files appear whole or not at all."""

import json
from pathlib import Path

import pytest

from minifcn.system.files import atomic_write, write_json


def write_half(path: Path, error: type[BaseException]) -> None:
    with atomic_write(path) as partial:
        partial.write_text("half")
        raise error


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("old", [None, "old"])
def test_file_appears_when_the_block_ends(tmp_path, old):
    path = tmp_path / "note.txt"
    if old is not None:
        path.write_text(old)
    with atomic_write(path) as partial:
        partial.write_text("new")
        assert (path.read_text() if path.exists() else None) == old
    assert path.read_text() == "new"
    assert names(tmp_path) == ["note.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_old_file_stays_and_nothing_is_left_over_if_the_block_fails(tmp_path, error):
    path = tmp_path / "note.txt"
    path.write_text("old")
    with pytest.raises(error):
        write_half(path, error)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["note.txt"]


def test_block_that_writes_nothing_fails(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "note.txt"):
        pass
    assert names(tmp_path) == []


def test_leftover_of_a_killed_process_is_overwritten(tmp_path):
    path = tmp_path / "note.txt"
    with atomic_write(path) as partial:
        partial.write_text("first")
    partial.write_text("a longer text that a killed process left")
    with atomic_write(path) as again:
        again.write_text("second")
    assert path.read_text() == "second"
    assert names(tmp_path) == ["note.txt"]


def test_temporary_file_has_the_same_folder_and_ending(tmp_path):
    path = tmp_path / "new" / "folders" / "picture.png"
    with atomic_write(str(path)) as partial:
        assert (partial.parent, partial.suffix) == (path.parent, ".png")
        partial.touch()


def test_json_reads_back(tmp_path):
    value = {"mean_iu": 0.81, "class_iu": {"Bär": None}, "list": [1, 2]}
    write_json(tmp_path / "results.json", value)
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8")) == value


@pytest.mark.parametrize("value", [{"mean_iu": float("nan")}, {"path": Path()}])
def test_value_that_json_does_not_have_leaves_the_old_file(tmp_path, value):
    path = tmp_path / "results.json"
    write_json(path, {})
    with pytest.raises((TypeError, ValueError), match="JSON"):
        write_json(path, value)
    assert names(tmp_path) == ["results.json"]
    assert path.read_text() == "{}\n"
