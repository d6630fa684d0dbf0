"""The site shows every page; `make docs` says whether it can be built."""

import re
from importlib.util import module_from_spec, spec_from_file_location

import pytest
from helpers.pages import ROOT

from minifcn.exploring.opened import open_net
from minifcn.exploring.subjects import find_subject
from minifcn.exploring.values import net_data
from minifcn.system.resources import SEGMENTER, shipped_weights

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def walks():
    """The part of the site's building that leads into the walk."""
    spec = spec_from_file_location("walks", DOCS / "site" / "walks.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_page_has_its_place_in_the_navigation():
    settings = (DOCS / "site" / "mkdocs.yml").read_text(encoding="utf-8")
    named = re.findall(r"^ +- (?:.+: )?(\S+\.md)$", settings.partition("\nnav:\n")[2], re.M)
    assert sorted(named) == sorted(p.relative_to(DOCS).as_posix() for p in DOCS.rglob("*.md"))


def test_pages_lead_to_layers_and_places_that_there_are(walks):
    opened = open_net(shipped_weights(SEGMENTER))
    names = {
        node.name: name for name, stage in opened.stages.items() for node in (stage.nodes or ())
    }
    image = find_subject(walks.PHOTOGRAPH, (), walks.SIDE).image
    shapes = opened.model.net.shapes(data=net_data(opened.model, image)["data"].shape)
    for page, place in walks.PLACES.items():
        assert (DOCS / page).is_file()
        if place:
            name, row, column = re.fullmatch(r"(.*?)(?:/(\d+),(\d+))?", place).groups()
            height, width = shapes[opened.stages[names[name]].blob][2:]
            assert row is None or (int(row) < height and int(column) < width), place


def test_the_link_stands_below_the_title(walks):
    text = walks.with_walk("# Pooling\n\nWhich value?\n", "layers/pooling.md")
    title, link, question = text.strip().split("\n\n")
    assert (title, question) == ("# Pooling", "Which value?")
    assert "(../explore.html#pool1/3x3_s2/13,20)" in link
    assert walks.with_walk("# Weights\n", "weights.md") == "# Weights\n"
