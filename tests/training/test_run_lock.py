"""A folder has one training at a time."""

import errno
import subprocess
import sys

import pytest

from minifcn.system.files import WriteError
from minifcn.system.records import SettingsError
from minifcn.training import run_lock
from minifcn.training.run_lock import run_locked

HOLD = """
import sys, time
from pathlib import Path
from minifcn.training.run_lock import run_locked
with run_locked(Path(sys.argv[1]), print):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_training_is_refused_until_the_first_is_dead(tmp_path):
    folder = tmp_path / "run"
    with subprocess.Popen([sys.executable, "-c", HOLD, folder], stdout=subprocess.PIPE) as first:
        assert first.stdout.readline() == b"held\n"
        message = rf"{folder}: another training is running in it"
        with pytest.raises(SettingsError, match=message), run_locked(folder, pytest.fail):
            pass
        first.kill()
        first.wait()
        with run_locked(folder, pytest.fail):
            pass


def refusing(number):
    def locked(*_):
        raise OSError(number, "not here")

    return locked


def test_a_disk_without_locks_is_told_of_and_used(tmp_path, monkeypatch):
    monkeypatch.setattr(run_lock, "locked", refusing(errno.ENOLCK))
    notes = []
    with run_locked(tmp_path, notes.append):
        pass
    assert "its disk knows no locks" in notes[0]


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(tmp_path, monkeypatch):
    monkeypatch.setattr(run_lock, "locked", refusing(errno.EACCES))
    with pytest.raises(WriteError, match=f"{tmp_path}: cannot be locked: not here"):  # noqa: SIM117
        with run_locked(tmp_path, pytest.fail):
            pass


def test_an_error_of_the_block_is_not_taken_for_one_of_the_lock(tmp_path):
    with pytest.raises(OSError, match="of the block"), run_locked(tmp_path, pytest.fail):
        raise OSError(errno.ENOLCK, "of the block")
