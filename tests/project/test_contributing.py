"""docs/contributing.md done: its examples are added to a copy of the package, and run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
SECTIONS = dict(section.split("\n", 1) for section in re.split(r"^## ", PAGE, flags=re.M)[1:])
# A block, and what the page says before it: where it belongs, if it is not only to be run.
BLOCK = re.compile(
    r"(?P<line>One line in (?:`(?P<table>\w+)` of )?)?(?:`(?P<file>minifcn/\S+)`:\n\n)?"
    r"^```(?P<language>python|sh)\n(?P<text>.*?)^```$",
    re.M | re.S,
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with a copy of the package and of the weights that ship."""
    for name in ("minifcn", "weights"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def follow(section: str, folder: Path) -> str:
    """Do what a section of the page says in a copy of the package; return what was printed."""
    printed = ""
    for block in BLOCK.finditer(SECTIONS[section]):
        text = block["text"]
        if block["line"]:
            add_line(folder / block["file"], block["table"], text)
        elif block["file"]:
            assert not (folder / block["file"]).exists()
            (folder / block["file"]).write_text(text, encoding="utf-8")
        elif block["language"] == "python":
            printed += run(["python", "-c", text], folder)
        else:
            for command in text.splitlines():
                printed += run(shlex.split(command), folder)
    return printed


def add_line(file: Path, table: str | None, line: str) -> None:
    """Add a line at the beginning of a table, or else at the end of the file."""
    assert line.count("\n") == 1
    text = file.read_text(encoding="utf-8")
    before, head, after = text.rpartition(f"\n{table} = {{\n") if table else (text, "", "")
    assert bool(head) == bool(table)
    file.write_text(before + head + line + after, encoding="utf-8")


def run(command: list[str], folder: Path) -> str:
    """Run `python ...` in a folder, on the package there; return what it printed."""
    program, *arguments = command
    assert program == "python"
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_layer(copy):
    assert follow("A layer", copy).count("gradients are right") == 2


def test_a_backbone(copy):
    follow("A backbone", copy)
    assert (copy / "runs" / "plain5" / "results.json").is_file()
    assert (copy / "plain5.safetensors").is_file()


def test_an_experiment(copy):
    printed = " ".join(follow("An experiment", copy).split())
    assert "composition Two layers in a row see what one sees. (section 3; shapes 1 min)" in printed
    assert "7 x 7, stride 2 11 11 4 4" in printed and "holds here" in printed
    assert (copy / "runs" / "paper" / "composition-shapes" / "picture.svg").is_file()


def test_a_data_set(copy):
    printed = follow("A data set", copy)
    assert "stripes train: 400 images" in printed and "stripes val: 100 images" in printed
    assert (copy / "runs" / "stripes" / "results.json").is_file()
