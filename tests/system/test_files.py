"""Files appear whole or not at all."""

import gc
import json
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.faults import Disk, disk

from minifcn.system.files import (
    WriteError,
    atomic_write,
    make_folder,
    open_file,
    remove_partial,
    sync,
    write_json,
)


def write_half(path: Path, error: type[BaseException]) -> None:
    with atomic_write(path) as file:
        file.write(b"half")
        raise error


def write(path: Path, content: bytes) -> None:
    with atomic_write(path) as file:
        file.write(content)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("old", [None, "old"])
def test_file_appears_when_the_block_ends(tmp_path, old):
    path = tmp_path / "note.txt"
    if old is not None:
        path.write_text(old)
    with atomic_write(path) as file:
        file.write(b"new")
        assert (path.read_text() if path.exists() else None) == old
    assert path.read_text() == "new"
    assert names(tmp_path) == ["note.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_old_file_stays_and_nothing_is_left_over_if_the_block_fails(tmp_path, error):
    path = tmp_path / "note.txt"
    path.write_text("old")
    with pytest.raises(error):
        write_half(path, error)
    gc.collect()  # what a buffer still held goes nowhere
    assert path.read_text() == "old"
    assert names(tmp_path) == ["note.txt"]


def test_leftover_of_a_killed_process_is_overwritten(tmp_path):
    path = tmp_path / "note.txt"
    (tmp_path / ".partial-note.txt").write_text("a longer text that a killed process left")
    write(path, b"second")
    assert path.read_text() == "second"
    assert names(tmp_path) == ["note.txt"]


def test_leftovers_are_removed_from_a_folder_and_those_below_it(tmp_path):
    (tmp_path / "samples").mkdir()
    for name in (".partial-weights.h5", "samples/.partial-00.png", "samples/00.png"):
        (tmp_path / name).write_text("half")
    remove_partial(tmp_path)
    assert [path.name for path in tmp_path.rglob("*.*")] == ["00.png"]


def test_a_file_is_on_the_disk_before_it_gets_its_name_and_its_name_is_then(tmp_path):
    with disk() as watched:
        write(tmp_path / "new" / "note.txt", b"text")
    assert watched.operations == [
        "mkdir new",
        f"open {tmp_path.name}",
        f"fsync {tmp_path.name}",
        "open .partial-note.txt",
        "write .partial-note.txt",
        "fsync .partial-note.txt",
        "replace note.txt",
        "open new",
        "fsync new",
    ]
    assert (tmp_path / "new/note.txt").read_text() == "text"


FAULTS = [Disk.kill, Disk.cut, Disk.power_cut]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("at", range(1, 7))  # open, write, sync, rename; open, sync
def test_whenever_it_is_killed_there_is_the_old_file_or_the_new_one(tmp_path, fault, at):
    path = tmp_path / "note.txt"
    path.write_text("old")
    with disk(at, fault) as dying:
        write(path, b"a new text")
    assert len(dying.operations) == at
    assert path.read_text() == ("old" if at <= 4 or fault is Disk.power_cut else "a new text")
    write(path, b"again")
    assert path.read_text() == "again"
    assert names(tmp_path) == ["note.txt"]


@pytest.mark.parametrize("at", range(1, 4))
def test_a_short_write_is_gone_on_with(tmp_path, at):
    with disk(at, Disk.shorten):
        write(tmp_path / "note.txt", b"some text")
    assert (tmp_path / "note.txt").read_bytes() == b"some text"


def test_a_full_disk_is_an_error_that_names_the_file_and_leaves_the_old_one(tmp_path):
    path = tmp_path / "note.txt"
    path.write_text("old")
    message = r"note\.txt cannot be written: No space left on device$"
    with disk(2, Disk.fill), pytest.raises(WriteError, match=message):
        write(path, b"new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["note.txt"]


def test_a_full_disk_is_an_error_at_the_end_of_a_file_too(tmp_path):
    with disk(2, Disk.fill), open_file(tmp_path / "log", "a") as file:
        file.write(b"a line\n")
        with pytest.raises(WriteError, match="log cannot be written: No space left"):
            sync(file)
        file.raw.close()
    assert (tmp_path / "log").read_bytes() == b"a l"


def test_what_the_system_does_not_take_is_an_error_that_names_the_file(tmp_path):
    code = (
        "import resource, sys; from minifcn.system.files import atomic_write\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "with atomic_write(sys.argv[1]) as file: file.write(bytes(3_000_000))"
    )
    path = tmp_path / "large"
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert f"WriteError: {path} cannot be written: File too large" in done.stderr
    assert names(tmp_path) == []


def test_a_file_in_place_of_a_folder_is_an_error_that_names_it(tmp_path):
    (tmp_path / "run").write_text("a file")
    with pytest.raises(WriteError, match=r"run cannot be written: File exists"):
        make_folder(tmp_path / "run")


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


def test_numbers_in_a_list_are_on_one_line_and_texts_stay_as_they_are(tmp_path):
    value = {"rows": [[1, -2], [3.5e-05, 4]], "text": "[\n  1,\n  2\n]", "empty": [], "b": [1, "2"]}
    write_json(tmp_path / "a.json", value)
    text = (tmp_path / "a.json").read_text()
    assert "    [1, -2],\n    [3.5e-05, 4]\n" in text
    assert json.loads(text) == value
