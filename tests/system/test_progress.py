"""Progress: a bar on a terminal, lines elsewhere."""

import io
import re
from types import SimpleNamespace

import pytest

from minifcn.system import progress as module
from minifcn.system.progress import Progress, duration, watched


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """Time that passes when it is told to."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(module, "sys", SimpleNamespace(stderr=(stream := Terminal())))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("tqdm.std._screen_shape_wrapper", lambda: lambda _: (80, 24))
    return stream


def run(total, clock, seconds, *facts):
    bar = Progress(total, "train")
    for done in range(1, total + 1):
        clock[0] += seconds
        bar.to(done, *facts)
    bar.close()


def test_without_a_terminal_there_is_a_line_at_each_tenth(clock, capsys):
    run(40, clock, 6.0)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "train  10 %  4/40 images  4 min left  0.167/s"
    assert len(lines) == 10 and "\r" not in "".join(lines)


def test_a_quick_work_says_little_and_a_long_one_now_and_then(clock, capsys):
    run(1000, clock, 0.01)
    assert len(capsys.readouterr().err.splitlines()) == 1
    run(1000, clock, 600.0)  # a week
    assert 10 < len(capsys.readouterr().err.splitlines()) < 200


def test_a_bar_never_wraps(clock, terminal):
    bar = Progress(2_000_000, "train", start=1_234_567)
    clock[0] = 100.0
    bar.to(1_234_999, "loss 12.345/px", left=400_000.0, rate=1234.5)
    bar._bar.refresh()
    bar.close()
    shown = re.sub(r"\x1b\[[\d;]*[A-Za-z]", "", terminal.getvalue())
    parts = re.split(r"[\r\n]", shown)
    assert max(map(len, parts)) <= 80
    assert any("4.6 days left  1,234/s  loss 12.345/px" in part for part in parts)


@pytest.mark.parametrize("wanted", [True, False])
def test_colour_is_for_terminals_unless_it_is_not_wanted(clock, terminal, monkeypatch, wanted):
    if not wanted:
        monkeypatch.setenv("NO_COLOR", "1")
    run(3, clock, 1.0)
    assert ("\x1b[32m" in terminal.getvalue()) == wanted


def test_what_is_watched_comes_out_as_it_was(capsys):
    assert list(watched(range(5), "evaluate", shown=False)) == [0, 1, 2, 3, 4]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (5400, "1.5 h"), (200_000, "2.3 days")],
)
def test_times_in_words(seconds, said):
    assert duration(seconds) == said
