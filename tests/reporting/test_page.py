"""The report of runs: complete by itself, safe, and true."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from helpers.run_folders import make_run

from minifcn.reporting.page import report_page, settings_table
from minifcn.reporting.run_record import read_run

EVIL = '<script>alert("1")</script>'
VOID = {"meta", "img", "input", "br"}


class Page(HTMLParser):
    """A page taken apart: its elements, that all are closed, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(*folders) -> Page:
    return Page(report_page([read_run(folder) for folder in folders]))


CASES = {
    "finished": {},
    "unfinished": {"finished": False},
    "not begun": {"finished": False, "evaluated": ()},
    "old": {"old": True},
    "two heads": {"extra": {"geo": ("sky", "ground")}},
    "two classes": {"names": ("off", "on")},
    "sixty classes": {"names": tuple(f"class {number}" for number in range(60))},
    "evil": {"names": (EVIL, "b"), "extra": {EVIL: ("a", EVIL)}, "data_dir": EVIL},
}


@pytest.mark.parametrize("case", CASES)
def test_a_page_needs_nothing_but_itself_and_runs_nothing(case, tmp_path):
    page = page_of(make_run(tmp_path / "run", **CASES[case]))
    for tag, attributes in page.elements:
        assert tag not in ("script", "link", "iframe", "object")
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("src", "data:image/").startswith("data:image/")
        assert attributes.get("href", "#").startswith("#")


@pytest.mark.parametrize("case", CASES)
def test_every_picture_says_what_it_shows(case, tmp_path):
    page = page_of(make_run(tmp_path / "run", **CASES[case]))
    assert all(picture["alt"] for picture in page.all("img"))
    drawings = [one for one in page.all("svg") if one.get("aria-hidden") != "true"]
    assert all(one["role"] == "img" and one["aria-label"] for one in drawings)


def test_ids_are_there_once_and_links_lead_to_them(tmp_path):
    page = page_of(make_run(tmp_path / "a"), make_run(tmp_path / "b"))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = [link["href"][1:] for link in page.all("a")]
    targets += [label["for"] for label in page.all("label") if "for" in label]  # or it holds one
    assert set(targets) <= set(ids)


def test_figures_of_a_finished_run_are_shown(tmp_path):
    page = page_of(make_run(tmp_path / "run"))
    assert "finished after 4 updates" in page.text
    assert "of weights.h5, the net after 4 updates" in page.text
    assert f"{100 * 450 / 550:.1f}" in page.text and f"{100 * 450 / 650:.1f}" in page.text
    assert "1.1 GB at most" in page.text
    assert "20 for training, 10 for validation" in page.text
    assert len(page.all("img")) == 2


def test_wide_pictures_scroll_and_samples_can_be_seen_in_their_own_size(tmp_path):
    page = page_of(make_run(tmp_path / "run", **CASES["sixty classes"]))
    tags = [(tag, attributes.get("class", "")) for tag, attributes in page.elements]
    places = [place for place, (tag, _) in enumerate(tags) if tag == "img"]
    for place in places:
        assert tags[place - 2 : place] == [("label", "scroll sample"), ("input", "")]
    matrix = tags.index(("div", "matrix"))
    assert tags[matrix - 1 : matrix + 2] == [("div", "scroll"), ("div", "matrix"), ("svg", "rows")]


def test_what_differs_between_runs_is_marked_and_comes_first(tmp_path):
    runs = [read_run(make_run(tmp_path / str(seed), seed=seed)) for seed in (3, 4)]
    first, *rest = settings_table(runs)
    assert first == ("seed", ["3", "4"], True)
    assert not any(row.differs for row in rest)
    text = Page(report_page(runs)).text
    assert "2 runs" in text and "≠" in text


def test_runs_of_one_name_are_called_by_their_paths(tmp_path):
    page = page_of(make_run(tmp_path / "a" / "run"), make_run(tmp_path / "b" / "run"))
    assert str(tmp_path / "a" / "run") in page.text


def test_runs_on_different_classes_have_tables_of_their_own(tmp_path):
    page = page_of(make_run(tmp_path / "a"), make_run(tmp_path / "b", names=("off", "on")))
    assert sum(one.get("aria-label") == "Figures of each class" for one in page.all("div")) == 2


def test_a_broken_sample_is_left_out(tmp_path):
    folder = make_run(tmp_path / "run")
    (folder / "samples" / "00_step_00000002.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    (folder / "samples" / "01_step_00000002.png").mkdir()
    assert len(page_of(folder).all("img")) == 1


def test_a_large_sample_is_made_smaller(tmp_path):
    from PIL import Image

    folder = make_run(tmp_path / "run")
    noise = np.random.default_rng(0).integers(0, 256, (300, 1500, 3), np.uint8)
    Image.fromarray(noise).save(folder / "samples" / "00_step_00000004.png")
    sources = [picture["src"] for picture in page_of(folder).all("img")]
    assert sources[1].startswith("data:image/jpeg")
    assert len(sources[1]) < noise.size


def test_few_moments_are_shown_of_many_the_first_and_the_last_among_them(tmp_path):
    folder = make_run(tmp_path / "run")
    content = (folder / "samples" / "00_step_00000004.png").read_bytes()
    for number in range(5, 41):
        (folder / "samples" / f"00_step_{number:08d}.png").write_bytes(content)
    shown = [one["id"] for one in page_of(folder).all("input") if "id" in one]
    assert (shown[0], shown[-1], len(shown)) == ("moment-0-2", "moment-0-40", 6)


def test_colours_of_classes_are_those_of_the_run(tmp_path):
    page = page_of(make_run(tmp_path / "run"))
    assert {"#090909"} == {one["fill"] for one in page.all("rect") if "fill" in one}


def test_no_number_of_a_drawing_is_undefined(tmp_path):
    text = report_page([read_run(make_run(tmp_path / "run", **CASES["sixty classes"]))])
    assert not re.search(r"\b(nan|inf|None)\b", text)
