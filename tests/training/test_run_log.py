"""The log of a run is whole up to the newest checkpoint, whatever has become of its end."""

import json

import pytest
from helpers.faults import Disk, disk

from minifcn.training.run_log import evaluations, opened_log


def line(number: int, **more: object) -> bytes:
    return json.dumps({"number": number, **more}).encode() + b"\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "log.jsonl"


@pytest.fixture
def notes():
    return []


def start_over(path, content: bytes, start: int, notes: list[str]) -> bytes:
    """Write a log, open it to go on from a step, and return what is left of it."""
    path.parent.mkdir()
    path.write_bytes(content)
    with opened_log(path, start, notes.append):
        pass
    return path.read_bytes()


def test_a_new_log_is_made_with_its_folder(path, notes):
    with opened_log(path, 0, notes.append) as log:
        log.write({"number": 1, "loss": 0.5})
        assert path.read_bytes() == line(1, loss=0.5), "a killed process loses no line"
    assert not notes


def test_steps_that_will_be_made_again_are_cut_off(path, notes):
    lines = [line(1), line(2), line(2, mean_iu=0.1), line(3)]
    assert start_over(path, b"".join(lines), 2, notes) == b"".join(lines[:3])
    assert not notes


@pytest.mark.parametrize(
    "damaged",
    [
        b"\n",
        b"null\n",
        b"[2]\n",
        b'{"loss": 1}\n',
        b'{"number": "2"}\n',
        b'{"number": 2, "loss": 0.\n',
        b"\xff\xfe\0\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_damaged_lines_are_left_out_and_told_of(path, damaged, notes):
    content = line(1) + damaged + line(2)
    assert start_over(path, content, 5, notes) == line(1) + line(2)
    assert notes == [f"{path}: damaged lines are left out: 2"]


def test_a_line_that_was_cut_off_is_left_out_and_told_of(path, notes):
    assert start_over(path, line(1) + line(2)[:-1], 5, notes) == line(1)
    assert notes == [f"{path}: damaged lines are left out: 2"]


@pytest.mark.parametrize("at", range(1, 7))
def test_a_log_survives_its_own_repair(path, at, notes):
    path.parent.mkdir()
    path.write_bytes(line(1) + line(2) + line(3))
    with disk(at, Disk.cut), opened_log(path, 2, notes.append):
        pass
    assert path.read_bytes().startswith(line(1) + line(2))


def test_what_was_synced_survives_the_machine(path, notes):
    with disk(at=9, fault=Disk.power_cut) as watched, opened_log(path, 0, notes.append) as log:
        log.write({"number": 1})
        log.write({"number": 2})
        log.sync()
        log.write({"number": 3})
        log.write({"number": 4})
    assert watched.dead, watched.operations
    assert path.read_bytes() == line(1) + line(2)


def test_evaluations_are_told_from_steps(path, notes):
    start_over(path, line(2, loss=1.0) + line(4, mean_iu=0.2) + b"{\n", 4, notes)
    assert [line["number"] for line in evaluations(path)] == [4]
    assert evaluations(path.with_name("missing")) == []
