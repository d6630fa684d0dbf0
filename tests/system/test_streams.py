"""Printing ends no command, and a terminal gets text only."""

import io
import subprocess
import sys

import pytest

from minifcn.system.streams import patient_streams, printable

LOUD = """
import sys
from minifcn.system.streams import patient_streams
with patient_streams():
    for number in range(20_000):
        print("line", number)
        print("bar", number, file=sys.stderr)
    open(sys.argv[1], "w").write("done")
"""


@pytest.mark.parametrize("which", ["stdout", "stderr"])
def test_a_reader_that_goes_away_ends_nothing(which, tmp_path):
    command = [sys.executable, "-c", LOUD, str(tmp_path / "end")]
    with open(tmp_path / "said", "w") as said:
        pipes = {"stdout": said, "stderr": said, which: subprocess.PIPE}
        with subprocess.Popen(command, **pipes) as process:
            getattr(process, which).readline()
            getattr(process, which).close()
            assert process.wait(timeout=30) == 0
    assert (tmp_path / "end").read_text() == "done"
    assert "Error" not in (tmp_path / "said").read_text()


def test_a_stream_that_cannot_be_written_is_told_of():
    code = "from minifcn.system.streams import patient_streams\nwith patient_streams(): print(1)"
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert b"No space left on device" in done.stderr


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Tür 木 +1 %\n\tnext", "Tür 木 +1 %\n\tnext"),
        ("\x1b[2Jgone\r\x07", r"\x1b[2Jgone\r\x07"),
        ("a\u202ebc\x9b1m", r"a\u202ebc\x9b1m"),
        ("\udcff.jpg", r"\udcff.jpg"),  # a name that is not UTF-8
    ],
)
def test_control_characters_are_shown_not_obeyed(text, shown, capsys):
    assert printable(text) == shown
    with patient_streams():
        print(text)
    assert capsys.readouterr().out == f"{shown}\n"


def test_letters_that_a_terminal_does_not_know_are_escaped(monkeypatch):
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", ascii_only)
    with patient_streams():
        print("Tür")
    assert ascii_only.buffer.getvalue() == b"T\\xfcr\n"
