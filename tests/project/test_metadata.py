"""The package: what it depends on, and its page, README.md as a builder makes it."""

import re
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib", reason="comes with Python 3.11")

ROOT = Path(__file__).resolve().parents[2]
HOME = "https://github.com/minifcn/minifcn"


@pytest.fixture
def page() -> str:
    """The text of the package's page."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    hook = project["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    (fragment,) = hook["fragments"]
    text = (ROOT / fragment["path"]).read_text(encoding="utf-8")
    for one in hook["substitutions"]:
        text = re.sub(one["pattern"], one["replacement"], text)
    return text


def test_every_picture_comes_from_where_pictures_are_served(page):
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page)
    served = "https://raw.githubusercontent.com/minifcn/minifcn/main/"
    assert pictures
    for picture in pictures:
        assert (ROOT / picture.removeprefix(served)).is_file()
        assert picture.startswith(served)


def test_every_link_leads_to_a_file_of_the_project_or_away(page):
    links = re.findall(r"(?<!!)\[[^\]]*\]\(([^)]+)\)", page)
    ours = [link.removeprefix(f"{HOME}/blob/main/") for link in links if link.startswith(HOME)]
    assert ours
    assert not [name for name in ours if not (ROOT / name.partition("#")[0]).exists()]
    assert not [link for link in links if not link.startswith(("https://", "#"))]


def test_every_dependency_is_imported_and_said_to_be_for_something():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    sources = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("minifcn/**/*.py"))
    (_, _, install) = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Install")
    for requirement in project["dependencies"]:
        name = re.match(r"[\w-]+", requirement)[0]
        module = {"pillow": "PIL"}.get(name, name)
        assert re.search(rf"^\s*(?:from|import) {module}\b", sources, re.MULTILINE), name
        assert re.search(rf"^\|.*\b{name}\b", install, re.MULTILINE), name
