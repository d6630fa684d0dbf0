"""The order of the house, kept by reading the source: who imports whom, and how long files are."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import minifcn
from minifcn.__main__ import COMMANDS

ROOT = Path(minifcn.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
MAX_LINES = 300

# From the ground up. A file uses what stands in its own line or before it.
FLOORS = (
    ("backend", "reference"),
    ("system", "functional"),
    ("containers", "fetching", "layers", "distributed"),
    ("net",),
    ("models",),
    ("data", "weights"),
    ("inference",),
    ("training",),
    ("experiments", "checking", "reporting", "exploring"),
    (*COMMANDS, "__main__"),
)
FLOOR = {part: number for number, parts in enumerate(FLOORS) for part in parts}

# Rooms of one house that do not know each other, though their floors would allow it.
STRANGERS = (("data", "weights"), ("data", "models"), ("data", "net"), ("weights", "net"))

# Files of functional/ that work on the host, whatever the device: the weights of the bilinear
# kernel are made once, the plain loops are the oracle of the tests, CuPy recycles by itself, and
# weights on a GPU are not looked at, which would wait for it.
ON_THE_HOST = ("bilinear.py", "naive/", "fast/recycle.py", "fast/separable.py")


def part(file: Path) -> str:
    """Return which part of the package a file belongs to: a folder, or the file's own name."""
    return file.relative_to(ROOT).with_suffix("").parts[0]


@cache
def nodes(file: Path) -> list[ast.AST]:
    """Return all nodes of a file's syntax tree."""
    return list(ast.walk(ast.parse(file.read_text())))


def imports(file: Path) -> Iterator[tuple[str, int]]:
    """Yield what a file imports of the package, as `minifcn.net.Net`, with the line number."""
    for node in nodes(file):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from ((name, node.lineno) for name in names if name.startswith("minifcn."))


def imported_parts(file: Path) -> Iterator[tuple[str, int]]:
    """Yield the parts of the package that a file imports, with the line number."""
    for name, line in imports(file):
        if name.split(".")[1] in FLOOR:  # or it is `minifcn.__version__`
            yield name.split(".")[1], line


def module(file: Path) -> str:
    """Return what a file is called as a module; a package's face is called as the package."""
    return ".".join(file.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module(file) for file in FILES}
each_file = pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))


def test_every_part_of_the_house_is_on_a_floor():
    assert {part(file) for file in FILES} - {"__init__"} == set(FLOOR)


@each_file
def test_imports_run_downwards_only(file):
    floor = FLOOR.get(part(file), len(FLOORS) - 1)  # the face of the package shows all
    above = [
        f"line {line} imports {name}" for name, line in imported_parts(file) if FLOOR[name] > floor
    ]
    assert not above, f"{file.name} is on floor {floor} of the table in {Path(__file__).name}"


@each_file
def test_nobody_knows_a_command(file):
    # `__main__` knows their names, and imports the one that is called.
    assert not [
        f"line {line} imports {name}" for name, line in imported_parts(file) if name in COMMANDS
    ]


def test_imports_make_no_circle():
    graph = {}
    for file in FILES:
        name, names = module(file), [found for found, _ in imports(file)]
        known = {found if found in MODULES else found.rpartition(".")[0] for found in names}
        # That a package's face shows what lies behind it, and that uses the face, is none.
        graph[name] = {other for other in known if not name.startswith(f"{other}.")}
    TopologicalSorter(graph).prepare()  # CycleError names the modules of a circle


def test_the_training_loop_knows_no_model_weights_or_files():
    solver = ROOT / "training" / "solver.py"
    assert {name for name, _ in imported_parts(solver)} == {
        *("backend", "system", "layers", "net", "data", "distributed", "training")
    }
    inside = {name for name, _ in imports(solver) if name.startswith("minifcn.training.")}
    assert {name.split(".")[2] for name in inside} == {"optim", "uploads"}


@each_file
def test_strangers_do_not_know_each_other(file):
    known = {name for name, _ in imported_parts(file)}
    for one, other in STRANGERS:
        assert part(file) != one or other not in known
        assert part(file) != other or one not in known


@pytest.mark.parametrize(
    "file", [f for f in FILES if part(f) not in FLOORS[-1]], ids=lambda f: str(f.relative_to(ROOT))
)
def test_only_the_commands_print(file):
    printing = [
        node.lineno for node in nodes(file) if isinstance(node, ast.Name) and node.id == "print"
    ]
    assert not printing or file.name in ("console.py", "guard.py"), "return the text, or raise"


@each_file
def test_imports_are_written_out(file):
    relative = [
        node.lineno for node in nodes(file) if isinstance(node, ast.ImportFrom) and node.level
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
    # numpy.add.at is 16 times slower than adding slices, measured on col2im. With one index, as
    # pooling has it, it is three times faster than a pass for each place of the window.
    assert "add.at(" not in file.read_text() or file.name == "pool_planes.py"


@pytest.mark.parametrize(
    "file",
    [
        f
        for f in FILES
        if part(f) == "functional" and not any(name in str(f) for name in ON_THE_HOST)
    ],
    ids=lambda f: f.name,
)
def test_arithmetic_takes_its_array_module_from_its_arguments(file):
    # The name `np` may be compared (`xp is np` asks for the device), but nothing taken from it.
    taken = [
        f"line {node.lineno}: np.{node.attr}"
        for node in nodes(file)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("np", "numpy")
    ]
    assert not taken, "use `xp = array_module(x)`, so that the line also runs on a GPU"


# Everything that is written goes through `system/files.py`, where a test can let it fail. Downloads
# and archives have ways of their own to go on where they broke.
WRITERS = ("system/files.py", "fetching/")


@each_file
def test_files_are_written_in_one_place(file):
    writing = []
    for node in nodes(file):
        if not isinstance(node, ast.Call):
            continue
        called, words = ast.unparse(node.func), [ast.unparse(word) for word in node.args]
        opens = called == "open" and any(word[1:2] in tuple("wax") for word in words[1:])
        if called.endswith((".write_text", ".write_bytes")) or (opens and words[0] != "os.devnull"):
            writing.append(f"line {node.lineno}: {ast.unparse(node)}")
    is_writer = str(file.relative_to(ROOT)).startswith(WRITERS)
    assert is_writer or not writing, "write by `atomic_write`"
