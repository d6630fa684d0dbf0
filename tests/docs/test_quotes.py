"""What the pages quote of the source is the source, and no backward pass goes without a page."""

import re
from pathlib import Path

import pytest
import quotes
from helpers.pages import PAGES, ROOT, name

from minifcn.functional import naive

LAYERS = ROOT / "docs" / "layers"


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", quotes.pages(), ids=name)
def test_quotes_are_the_source(page):
    assert quotes.quoted(text_of(page), page) == text_of(page), "run `python docs/quotes.py`"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_that_is_marked_as_a_quote_is_one(page):
    text = text_of(page)
    assert len(re.findall(r"^```py$", text, re.M)) == len(quotes.QUOTE.findall(text))


@pytest.mark.parametrize("function", [f for f in naive.__all__ if f.endswith("_backward")])
def test_every_plain_backward_stands_on_a_page(function):
    assert any(f"`{function}`](" in text_of(page) for page in LAYERS.glob("*.md"))


def test_the_first_page_lists_all_others():
    listed = re.findall(r"^\d+\. \[[^\]]+\]\((\S+\.md)\)", text_of(LAYERS / "README.md"), re.M)
    assert sorted([*listed, "README.md"]) == sorted(page.name for page in LAYERS.glob("*.md"))


def test_a_changed_source_changes_its_quote(tmp_path):
    (tmp_path / "code.py").write_text('def f(x):\n    """Say."""\n    y = x\n    return y\n')
    page = tmp_path / "page.md"
    page.write_text("See [`code.py`, `f`](code.py):\n\n```py\nreturn x\n```\n")
    quoted = quotes.quoted(text_of(page), page)
    assert quoted == "See [`code.py`, `f`](code.py#L1):\n\n```py\ny = x\nreturn y\n```\n"
    assert quotes.quoted(quoted, page) == quoted


def test_a_function_that_is_gone_is_said_by_name(tmp_path):
    (tmp_path / "code.py").write_text("def f(x):\n    return x\n")
    with pytest.raises(LookupError, match=r"code.py has no function g"):
        quotes.function(tmp_path / "code.py", "g")
