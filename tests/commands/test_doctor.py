"""The doctor's report: what is in it, and what it says at the end."""

import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.stand_in import found

from minifcn import __version__, doctor
from minifcn.__main__ import main as minifcn
from minifcn.system import resources
from minifcn.system.machine import Memory
from minifcn.training import self_test

SECTIONS = ["software", "machine", "files", "devices", "self-test on the CPU"]
RIGHT = self_test.Result(True, "is as it should be", [np.ones(3)])


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch, tmp_path):
    """Let no test depend on what the machine has, nor on what a user has set."""
    monkeypatch.setitem(sys.modules, "cupy", None)  # an import of it fails
    monkeypatch.setattr(doctor, "distributions", list)
    monkeypatch.setenv("MINIFCN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def quick(monkeypatch):
    """One self-test, which is always right."""
    monkeypatch.setattr(self_test, "TESTS", {"arithmetic": (lambda xp: RIGHT, 1e-3)})


@pytest.fixture
def report(capsys):
    """Return a function that runs the command: exit status, value by label, last line."""

    def run(*arguments: str) -> tuple[int, dict[str, str], str]:
        status = doctor.main(arguments)
        text = capsys.readouterr().out
        facts = dict(re.findall(r"^  (\w[\w ]*?)  +(.*)$", text, re.MULTILINE))
        return status, facts, text.splitlines()[-1]

    return run


def test_a_healthy_machine_is_reported_and_tested(capsys):
    assert minifcn(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line and not line.startswith("  ")][:-1] == SECTIONS
    assert lines[-1] == "everything works, on the CPU"
    for name in self_test.TESTS:
        assert any(re.match(rf"  {name} +right +\d+\.\d\d s  ", line) for line in lines)


def test_the_report_says_what_is_there(monkeypatch, quick, report, tmp_path):
    monkeypatch.setattr(doctor, "memory", lambda: Memory(10**9, 2 * 10**9))
    monkeypatch.setattr(doctor, "second_level_cache", lambda: 2 << 20)
    monkeypatch.setattr(doctor, "TILES_AT_A_TIME", 1234)
    status, facts, _ = report()
    assert status == 0
    assert facts["minifcn"] == __version__
    assert facts["NumPy"] == np.__version__
    assert facts["Python"].startswith(".".join(map(str, sys.version_info[:3])))
    assert {"system", "SciPy", "h5py", "Pillow", "mpi4py", "processor", "BLAS"} <= set(facts)
    assert facts["CuPy"] == "not installed"
    assert facts["L2 cache"] == "2048 KB: convolutions transform 1,234 tiles at a time"
    assert facts["memory"] == "1.0 GB of 2.0 GB available"
    assert re.fullmatch(r"\d+ of \d+ processors", facts["usable"])
    assert re.fullmatch(rf"{tmp_path}/cache \(writable, .* GB free\)", facts["cache"])
    assert re.search(r"vgg16-shapes\.h5 \(2,\d\d\d,\d\d\d parameters\)", facts["weights"])
    assert re.fullmatch(r"the CPU \(\d+ threads?\)", facts["taken"])
    assert "CuPy, which is not installed" in facts["GPU"]
    assert not (tmp_path / "cache").exists()  # asking leaves nothing behind


def test_a_test_that_fails_is_named_at_the_end(monkeypatch, report):
    wrong = self_test.Result(False, "two and two are five")
    tests = {"arithmetic": (lambda xp: wrong, 0), "patience": (lambda xp: RIGHT, 0)}
    monkeypatch.setattr(self_test, "TESTS", tests)
    status, facts, last = report()
    assert status == 1
    assert re.match(r"WRONG .* two and two are five", facts["arithmetic"])
    assert facts["patience"].startswith("right")
    assert "the CPU's arithmetic test fails (two and two are five): install" in last
    assert "patience" not in last


def test_a_gpu_is_shown_and_held_to_the_cpu(monkeypatch, report):
    monkeypatch.setitem(sys.modules, "cupy", found())
    status, facts, last = report()
    assert (status, last) == (0, "everything works, on the CPU and on the GPU")
    assert facts["taken"] == "stand-in through CuPy 14.0.0"
    assert facts["GPU 0"] == "stand-in, 17.2 GB, compute capability 9.0"
    assert facts["its memory"] == "8.6 GB of 17.2 GB free"
    assert facts["CUDA"] == "13.0 by the driver, 12.9 by CuPy"
    assert "differs from the CPU by" in facts["training"]  # the later line of that name


def test_a_gpu_that_computes_something_else_is_found(monkeypatch, report):
    cupy = found()
    true = cupy.asarray
    cupy.asarray = lambda array: true(array * 1.01 if array.dtype.kind == "f" else array)
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    status, _, last = report()
    assert status == 1
    assert re.search(r"the GPU's training test fails \(.*; differs from the CPU by .*driver", last)
    assert "the CPU's" not in last


def test_a_gpu_that_is_asked_for_and_missing_is_a_problem(quick, report):
    status, facts, last = report("--device", "gpu")
    assert status == 1
    assert "CuPy, which is not installed: pip install" in last
    assert facts["arithmetic"].startswith("right")


def test_a_gpu_is_not_looked_for_if_it_is_not_wanted(monkeypatch, quick, report):
    monkeypatch.setitem(sys.modules, "cupy", found())
    status, facts, last = report("--device", "cpu")
    assert (status, last) == (0, "everything works, on the CPU")
    assert facts["taken"].startswith("the CPU")


def test_two_cupys_are_one_too_many(monkeypatch, quick, report):
    found = [
        SimpleNamespace(name=name, version="14.0.1")
        for name in ("cupy-cuda13x", "numpy", "cupy-cuda12x")
    ]
    monkeypatch.setattr(doctor, "distributions", lambda: found[1:])
    assert report()[1]["CuPy"] == "14.0.1 (cupy-cuda12x)"
    monkeypatch.setattr(doctor, "distributions", lambda: found)
    status, _, last = report()
    assert status == 1
    assert "cupy-cuda12x and cupy-cuda13x are installed and overwrite each other" in last


@pytest.mark.parametrize(
    ("file", "content", "variable", "fact", "words"),
    [
        (
            "cache",
            b"a file",
            "MINIFCN_CACHE",
            "NOT WRITABLE",
            "downloads cannot be kept in {}",
        ),
        ("other", b"", None, "NOT READABLE", "install minifcn again"),  # no weights
        ("vgg16-shapes.h5", b"no weights", None, "NOT READABLE", "install minifcn again"),
    ],
)
def test_files_that_cannot_be_read_or_written_are_a_problem(
    monkeypatch, quick, report, tmp_path, file, content, variable, fact, words
):
    (tmp_path / file).write_bytes(content)
    if variable is None:
        monkeypatch.setattr(resources, "FOLDERS", (tmp_path,))
    status, facts, last = report()
    assert status == 1
    assert fact in facts["weights" if variable is None else "cache"]
    assert words.format(tmp_path) in last
