"""The order of the house, kept by reading the source: who imports whom, and how long files are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import minifcn

ROOT = Path(minifcn.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
MAX_LINES = 300

# A file uses what is on its own floor or below. What is not listed is a command, on the top floor.
FLOORS = {
    "backend": 0,
    "devices": 1,
    "functional": 1,
    "geometry": 1,
    "metrics": 1,
    "policies": 1,
    "data": 1,
    "layers": 2,
    "optim": 2,
    "uploads": 2,
    "files": 0,
    "archives": 0,
    "lock": 0,
    "catalogue": 0,
    "machine": 0,
    "transfer": 1,
    "fetch": 2,
    "contact_sheet": 2,
    "resources": 0,
    "reference": 0,
    "graph": 3,
    "fusion": 3,
    "heads": 3,
    "distributed": 5,
    "mpi": 5,
    "recompute": 3,
    "net": 3,
    "summary": 3,
    "gradcheck": 4,
    "models": 4,
    "weights": 4,
    "pictures": 1,
    "profiling": 1,
    "recipes": 1,
    "settings": 5,
    "upper_bounds": 5,
    "paper_tables": 5,
    "solver": 5,
    "inference": 5,
    "model": 5,
    "self_test": 5,
    "report": 5,
}
COMMANDS = 6

# These do not know each other, though they are neighbours.
STRANGERS = ("data", "weights", "metrics", "optim")

# Files of functional/ that work on the host, whatever the device: the weights of the bilinear
# kernel are made once, the plain loops are the oracle of the tests, and CuPy recycles by itself.
ON_THE_HOST = ("bilinear.py", "naive.py", "recycle.py")


def part(file: Path) -> str:
    """Return which part of the package a file belongs to: a folder, or the file's own name."""
    return file.relative_to(ROOT).with_suffix("").parts[0]


def imported_parts(file: Path) -> Iterator[tuple[str, int]]:
    """Yield the parts of the package that a file imports, with the line number."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "minifcn":
            modules = [f"minifcn.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        else:
            continue
        for module in modules:
            package, _, rest = module.partition(".")
            if package == "minifcn" and rest:
                yield rest.partition(".")[0], node.lineno


each_file = pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))


@each_file
def test_imports_run_downwards_only(file):
    floor = FLOORS.get(part(file), COMMANDS)
    above = [
        f"line {line} imports {name}"
        for name, line in imported_parts(file)
        if FLOORS.get(name, COMMANDS) > floor
    ]
    assert not above, f"{file.name} is on floor {floor} of the table in {Path(__file__).name}"


@each_file
def test_the_data_the_weights_the_metrics_and_the_optimiser_do_not_know_each_other(file):
    if part(file) in STRANGERS:
        known = {name for name, _ in imported_parts(file)} - {part(file)}
        assert not known & set(STRANGERS)


@pytest.mark.parametrize(
    "file", [f for f in FILES if FLOORS.get(part(f), COMMANDS) < COMMANDS], ids=lambda f: f.name
)
def test_only_the_commands_print(file):
    printing = [
        node.lineno
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Name) and node.id == "print"
    ]
    assert not printing, "return the text, or raise; the commands print"


@each_file
def test_imports_are_written_out(file):
    relative = [
        node.lineno
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not relative, "write `from minifcn.x import y`, so that a reader sees the floor"


@each_file
def test_files_are_short_enough_to_be_read_in_one_go(file):
    lines = len(file.read_text().splitlines())
    assert lines <= MAX_LINES, f"{file.name} has {lines} lines; split it by idea"


@pytest.mark.parametrize(
    "file", [f for f in FILES if part(f) in ("functional", "layers")], ids=lambda f: f.name
)
def test_no_gradient_is_added_through_index_arrays(file):
    # numpy.add.at is 16 times slower than adding slices, measured on col2im.
    assert "add.at(" not in file.read_text()


@pytest.mark.parametrize(
    "file",
    [f for f in FILES if part(f) == "functional" and f.name not in ON_THE_HOST],
    ids=lambda f: f.name,
)
def test_arithmetic_takes_its_array_module_from_its_arguments(file):
    # The name `np` may be compared (`xp is np` asks for the device), but nothing taken from it.
    taken = [
        f"line {node.lineno}: np.{node.attr}"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("np", "numpy")
    ]
    assert not taken, "use `xp = array_module(x)`, so that the line also runs on a GPU"
