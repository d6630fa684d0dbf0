"""The site shows every page; `make docs` says whether it can be built."""

import re

from helpers.pages import ROOT

DOCS = ROOT / "docs"


def test_every_page_has_its_place_in_the_navigation():
    settings = (DOCS / "site" / "mkdocs.yml").read_text(encoding="utf-8")
    named = re.findall(r"^ +- (?:.+: )?(\S+\.md)$", settings.partition("\nnav:\n")[2], re.M)
    assert sorted(named) == sorted(p.relative_to(DOCS).as_posix() for p in DOCS.rglob("*.md"))
