"""A lock has one holder, and none when the holder is dead."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from minifcn.system import lock
from minifcn.system.lock import locked


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the lock often."""
    monkeypatch.setattr(lock, "PAUSE", 0.01)


def fail() -> None:
    pytest.fail("waited for a lock that nobody holds")


def test_second_one_waits_until_the_first_is_done(tmp_path):
    path, order, waits = tmp_path / "new" / "lock", [], threading.Event()

    def second() -> None:
        with locked(path, waits.set):
            order.append("second")

    with locked(path, fail):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_lock_is_given_back_when_the_block_fails(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path / "lock"):
        raise KeyError
    with locked(tmp_path / "lock", fail):
        pass


def test_lock_of_a_process_that_was_killed_is_free(tmp_path):
    path = tmp_path / "lock"
    code = (
        "import sys, time; from pathlib import Path; from minifcn.system.lock import locked\n"
        f"with locked(Path({str(path)!r})):\n    print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        waited: list[bool] = []

        def kill() -> None:
            waited.append(True)
            process.kill()

        with locked(path, kill):
            assert waited == [True]
    assert Path(path).exists()
