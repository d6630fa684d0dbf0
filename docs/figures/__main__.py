"""Draw the pictures of the documents, from what the library computes.

    python docs/figures             draw all
    python docs/figures im2col      draw some, by name

Each picture has a script of its own here with a function `draw`, which returns the sheet. The names
of scripts have underscores where those of pictures have dashes.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent
IMAGES = HERE.parent / "images"
SHARED = ("__main__", "svg", "grids", "axes", "fcn_graph", "maps")


def names() -> list[str]:
    """Return the names of all pictures."""
    scripts = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in SHARED)
    return [script.replace("_", "-") for script in scripts]


def drawn(name: str) -> str:
    """Return a picture as the text of its file."""
    return str(import_module(f"figures.{name.replace('-', '_')}").draw())


def main(arguments: list[str]) -> int:
    """Draw the pictures of these names, all if there are none; return the exit code."""
    if unknown := set(arguments) - set(names()):
        print(f"no picture is called {', '.join(sorted(unknown))}; there are {', '.join(names())}")
        return 2
    for name in arguments or names():
        (IMAGES / f"{name}.svg").write_text(drawn(name), encoding="utf-8", newline="\n")
        print(f"docs/images/{name}.svg")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))
    sys.exit(main(sys.argv[1:]))
