"""The pictures of the documents: made by the library, legible, and each explained somewhere."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import pytest
from figures.__main__ import IMAGES, drawn, names
from figures.svg import WIDTH
from PIL import ImageFont

ROOT = Path(__file__).resolve().parents[2]
SVG = "{http://www.w3.org/2000/svg}"
SIZES = (11, 18)  # of letters, in pixels, where the picture is 700 wide
MAX_BYTES = 60_000
each = pytest.mark.parametrize("name", names())

# The widest of the fonts that a browser may take for "sans-serif".
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def saved(name: str) -> str:
    """Return the picture that lies in the documents."""
    return (IMAGES / f"{name}.svg").read_text(encoding="utf-8")


def texts(name: str) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    """Yield the texts of a picture with left, top, right and bottom of each, in a wide font."""
    for element in ElementTree.fromstring(saved(name)).iter(f"{SVG}text"):
        x, y, size = (float(element.attrib[key]) for key in ("x", "y", "font-size"))
        face = "DejaVuSans-Bold" if "font-weight" in element.attrib else "DejaVuSans"
        # Letters of 100 pixels, so that the width is not rounded to whole pixels of small ones.
        width = ImageFont.truetype(FONTS / f"{face}.ttf", 100).getlength(element.text) * size / 100
        left = -width * {"start": 0, "middle": 0.5, "end": 1}[element.get("text-anchor", "start")]
        if "transform" in element.attrib:  # it reads upwards
            middle = y - 0.36 * size  # what it is turned around
            yield (
                element.text,
                (x - 0.4 * size, middle - left - width, x + 0.5 * size, middle - left),
            )
        else:
            yield element.text, (x + left, y - 0.75 * size, x + left + width, y + 0.2 * size)


@each
def test_the_picture_is_what_the_library_draws(name):
    assert drawn(name) == saved(name), "run `python docs/figures`"


@each
def test_it_says_what_it_is(name):
    root = ElementTree.fromstring(saved(name))
    title, description = root.findtext(f"{SVG}title"), root.findtext(f"{SVG}desc")
    assert title and len(description) > len(title)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == "title desc"


@each
def test_it_has_colours_for_light_and_dark_and_a_ground_to_stand_on(name):
    light, _, dark = saved(name).partition("@media (prefers-color-scheme: dark)")
    used = {word for word in saved(name).replace('"', " ").split() if word[:2] in ("f-", "s-")}
    assert "f-paper" in used
    for colour in used:
        assert f".{colour}{{" in light
        assert f".{colour}{{" in dark


@each
def test_it_needs_nothing_else_and_is_small(name):
    text = saved(name)
    assert len(text.encode()) < MAX_BYTES
    assert "http" not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "@import" not in text and "<script" not in text


@each
def test_letters_are_neither_small_nor_outside_nor_on_each_other(name):
    root = ElementTree.fromstring(saved(name))
    sizes = [float(element.attrib["font-size"]) for element in root.iter(f"{SVG}text")]
    assert SIZES[0] <= min(sizes) and max(sizes) <= SIZES[1]
    height = float(root.attrib["height"])
    boxes = list(texts(name))
    for text, (left, top, right, bottom) in boxes:
        assert left >= 4 and top >= 4 and right <= WIDTH - 4 and bottom <= height - 4, text
    touching = [
        (one, other)
        for (one, a), (other, b) in combinations(boxes, 2)
        if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
    ]
    assert not touching


@each
def test_a_sentence_says_what_to_see(name):
    sections = (ROOT / "docs" / "figures" / "README.md").read_text(encoding="utf-8")
    _, _, below = sections.partition(f"](../images/{name}.svg)\n\n*")
    sentence, _, _ = below.partition("*\n")
    assert len(sentence.split()) > 8


def test_no_picture_is_left_behind():
    assert {path.stem for path in IMAGES.glob("*.svg")} == set(names())
