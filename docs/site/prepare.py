"""Write what the site is built from to `build/`: `make docs` runs this, and then MkDocs.

The pages of docs/ read well on a code host, and are the site's as they are, with one change: a link
to a file of the repository that is no page leads there. Added are a page of reference for each
module, to be filled from its docstrings, a page in which a net can be walked through, with links
into it, and a font for formulas.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from fontTools import subset
from walks import with_walk, write_walk

ROOT = Path(__file__).resolve().parents[2]
DOCS, PACKAGE = ROOT / "docs", ROOT / "minifcn"
BUILD = ROOT / "build"
REPOSITORY = "https://github.com/minifcn/minifcn"
SHOWN = (".md", ".png", ".jpg", ".svg", ".css", ".js")

LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)#\s]+)(#[^)\s]*)?(?=\))")

# The reference in the order of reading; commands, which are the files at the top, come last.
READING_ORDER = (
    *("backend", "functional", "naive", "layers", "net", "models", "training", "inference"),
    *("data", "weights", "experiments"),
)


def main() -> None:
    """Write everything."""
    pages = BUILD / "docs"
    shutil.rmtree(pages, ignore_errors=True)
    for file in sorted(DOCS.rglob("*")):
        if file.suffix in SHOWN:
            copy_page(file, pages / file.relative_to(DOCS))
    for module in modules(PACKAGE):
        page = pages / address(module)
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f"# {dotted(module)}\n\n::: {dotted(module)}\n", encoding="utf-8")
    write_font(pages / "site" / "mathematics.woff2")
    write_walk(pages)
    settings = (DOCS / "site" / "mkdocs.yml").read_text(encoding="utf-8")
    navigation = "\n".join(entries(PACKAGE, "Reference", 1))
    (BUILD / "mkdocs.yml").write_text(f"{settings}{navigation}\n", encoding="utf-8")


def copy_page(file: Path, copy: Path) -> None:
    """Copy a file of docs/; in a page, let links that leave the site lead to the repository."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix != ".md":
        shutil.copyfile(file, copy)
        return

    def leading(link: re.Match[str]) -> str:
        target = (file.parent / link[1]).resolve()
        if target.is_relative_to(DOCS) and target.suffix in SHOWN:
            return link[0]
        kind = "tree" if target.is_dir() else "blob"
        return f"{REPOSITORY}/{kind}/main/{target.relative_to(ROOT).as_posix()}{link[2] or ''}"

    text = LINK.sub(leading, file.read_text(encoding="utf-8"))
    copy.write_text(with_walk(text, file.relative_to(DOCS).as_posix()), encoding="utf-8")


def modules(folder: Path) -> Iterator[Path]:
    """Yield the modules that say something, a package's face before what is behind it."""
    for file in sorted(folder.rglob("*.py"), key=lambda file: (file.parent, file.stem)):
        if ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))):
            yield file


def dotted(module: Path) -> str:
    """Return a module's name."""
    parts = module.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def address(module: Path) -> str:
    """Return where the page of a module is."""
    place = module.relative_to(PACKAGE).with_suffix("").as_posix()
    return f"reference/{place.replace('__init__', 'README')}.md"


def entries(package: Path, title: str, depth: int) -> Iterator[str]:
    """Yield the lines of `nav` for a package: its face, its modules, the packages in it."""
    indent = "  " * (2 * depth - 1)
    yield f"{indent}- {title}:"
    here = sorted(module for module in modules(package) if module.parent == package)
    folders = [folder for folder in sorted(package.iterdir()) if (folder / "__init__.py").is_file()]
    for place in sorted([*here, *folders], key=order):
        if place.is_dir():
            yield from entries(place, place.name, depth + 1)
        elif place.stem == "__init__":
            yield f"{indent}    - {address(place)}"
        else:
            yield f"{indent}    - {place.stem}: {address(place)}"


def order(place: Path) -> tuple[bool, int, bool, str]:
    """Return by what the entries of a package are sorted."""
    rank = READING_ORDER.index(place.stem) if place.stem in READING_ORDER else len(READING_ORDER)
    later = place.is_file() == (place.parent == PACKAGE)  # commands, and folders within folders
    return place.stem != "__init__", rank, later, place.stem


def write_font(file: Path) -> None:
    """Write the part of STIX Two Math that formulas use; few systems have a font of the kind."""
    options = subset.Options(flavor="woff2", layout_features=["*"])
    font = subset.load_font(str(files("ziamath") / "fonts" / "STIXTwoMath-Regular.ttf"), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[c for first, last in CHARACTERS for c in range(first, last + 1)])
    subsetter.subset(font)
    subset.save_font(font, str(file), options)


CHARACTERS = (
    (0x20, 0x7E),  # ASCII
    (0xB7, 0xD7),  # middle dot, times
    (0x391, 0x3C9),  # Greek
    (0x2016, 0x2032),  # double bar, dots, prime
    (0x210E, 0x210E),  # the italic h
    (0x2190, 0x22FF),  # arrows, operators
    (0x2308, 0x230B),  # ceil and floor
    (0x27E8, 0x27E9),  # angle brackets
    (0x1D434, 0x1D467),  # italic Latin
    (0x1D6E2, 0x1D71B),  # italic Greek
)


if __name__ == "__main__":
    main()
