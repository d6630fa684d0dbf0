"""What the pictures are drawn with: a sheet of 700 pixels' width, written as SVG.

A picture is read on light and on dark pages. Each colour is a CSS class with two values, of which
the browser takes one (`prefers-color-scheme`), also where an `<img>` embeds the picture. The sheet
has a background of its own, so it can be read on a page that is light or dark by other means.
Shades are a colour's opacity, which is right on both. The colours differ in brightness as well as
in hue, so that people who see fewer hues tell them apart; `tests/docs/test_figure_colours.py`
measures it.

The same numbers are the same bytes: coordinates are rounded to a hundredth of a pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import hypot

WIDTH = 700
Point = tuple[float, float]

# On a light page, on a dark one.
COLOURS = {
    "paper": ("#ffffff", "#0f141a"),
    "ink": ("#1b1f24", "#e8edf2"),
    "soft": ("#57606a", "#9aa5b1"),  # of what is said aside
    "rule": ("#c3cad1", "#3d4752"),  # of grids and axes
    "blue": ("#1e6fe0", "#76e0f9"),
    "orange": ("#b85a08", "#fe6424"),
    "green": ("#0f6038", "#20a26c"),
    "purple": ("#832489", "#c857d0"),
}
HUES = ("blue", "orange", "green", "purple")


class Sheet:
    """A picture that is being drawn; `str` of it is the file.

    Colours are names of `COLOURS`. A y of a text is that of its middle.

    Parameters
    ----------
    title : str
        What the picture is, in a few words.
    description : str
        What it shows, in place of it for who cannot see it.
    height : int
    """

    def __init__(self, title: str, description: str, height: int) -> None:
        self.title, self.description, self.height = title, description, height
        self._used = {("fill", "paper")}
        self._parts: list[str] = []
        self.text(20, 22, title, size=15, bold=True)

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str = "",
        shade: float = 1.0,
        stroke: str = "",
        weight: float = 1.0,
        dash: str = "",
        corner: float = 0.0,
    ) -> None:
        """Draw a rectangle; `shade` is how strong its inside is, from 0 to 1."""
        place = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
        if corner:
            place += f' rx="{number(corner)}"'
        self._draw("rect", place, fill, shade, stroke, weight, dash)

    def circle(
        self,
        x: float,
        y: float,
        radius: float,
        *,
        fill: str = "",
        shade: float = 1.0,
        stroke: str = "",
        weight: float = 1.0,
    ) -> None:
        """Draw a circle."""
        place = f'cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"'
        self._draw("circle", place, fill, shade, stroke, weight, "")

    def line(
        self, *points: Point, stroke: str = "ink", weight: float = 1.5, dash: str = ""
    ) -> None:
        """Draw a line through points."""
        self._draw("polyline", _points(points), "", 1.0, stroke, weight, dash)

    def path(
        self,
        path: str,
        *,
        fill: str = "",
        shade: float = 1.0,
        stroke: str = "",
        weight: float = 1.5,
    ) -> None:
        """Draw a path in SVG's own words, `M10 20h30`."""
        self._draw("path", f'd="{path}"', fill, shade, stroke, weight, "")

    def area(self, *points: Point, fill: str, shade: float = 1.0) -> None:
        """Fill the polygon with these corners."""
        self._draw("polygon", _points(points), fill, shade, "", 0, "")

    def arrow(
        self, *points: Point, stroke: str = "soft", weight: float = 1.5, dash: str = ""
    ) -> None:
        """Draw a line through points with a head at the last one."""
        (x0, y0), (x, y) = points[-2:]
        length = hypot(x - x0, y - y0)
        dx, dy = (x - x0) / length, (y - y0) / length
        back = (x - 7 * dx, y - 7 * dy)
        self.line(*points[:-1], back, stroke=stroke, weight=weight, dash=dash)
        sides = ((back[0] - 4 * s * dy, back[1] + 4 * s * dx) for s in (1, -1))
        self.area((x, y), *sides, fill=stroke)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        fill: str = "ink",
        size: float = 12.5,
        anchor: str = "start",
        bold: bool = False,
        turned: bool = False,
    ) -> None:
        """Write a line of text; `anchor` is what lies at x, "start", "middle" or "end".

        A text that is turned reads upwards, around its point.
        """
        self._used.add(("fill", fill))
        style = f' text-anchor="{anchor}"' if anchor != "start" else ""
        style += ' font-weight="bold"' if bold else ""
        style += f' transform="rotate(-90 {number(x)} {number(y)})"' if turned else ""
        place = f'x="{number(x)}" y="{number(y + 0.36 * size)}" font-size="{number(size)}"'
        self._parts.append(f'<text {place} class="f-{fill}"{style}>{escape(text)}</text>')

    def raw(self, markup: str, *fills: str) -> None:
        """Add SVG as it is; `fills` are the colours that it names as classes, "f-blue"."""
        self._used.update(("fill", fill) for fill in fills)
        self._parts.append(markup)

    def _draw(
        self, kind: str, place: str, fill: str, shade: float, stroke: str, weight: float, dash: str
    ) -> None:
        classes, style = [], ""
        if fill:
            self._used.add(("fill", fill))
            classes.append(f"f-{fill}")
            style += f' fill-opacity="{number(shade)}"' if shade != 1 else ""
        else:
            style += ' fill="none"'
        if stroke:
            self._used.add(("stroke", stroke))
            classes.append(f"s-{stroke}")
            style += f' stroke-width="{number(weight)}"'
        if dash:
            style += f' stroke-dasharray="{dash}"'
        self._parts.append(f'<{kind} {place} class="{" ".join(classes)}"{style}/>')

    def __str__(self) -> str:
        size = f'viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}" height="{self.height}"'
        light, dark = (_rules(self._used, scheme) for scheme in (0, 1))
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img"'
                ' aria-labelledby="title desc" font-family="Helvetica, Arial, sans-serif"'
                ' stroke-linejoin="round">',
                f'<title id="title">{escape(self.title)}</title>',
                f'<desc id="desc">{escape(self.description)}</desc>',
                f"<style>{light}\n@media (prefers-color-scheme: dark) {{{dark}}}</style>",
                f'<rect width="{WIDTH}" height="{self.height}" class="f-paper"/>',
                *self._parts,
                "</svg>\n",
            ]
        )


def number(value: float, decimals: int = 2) -> str:
    """Return a number with at most so many decimals, and a minus that is a hyphen."""
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if decimals else text
    return "0" if text == "-0" else text


def figure(value: float, decimals: int = 2) -> str:
    """Return a number as it is printed: as `number`, with a true minus sign."""
    return number(value, decimals).replace("-", "\N{MINUS SIGN}")


def _points(points: Sequence[Point]) -> str:
    return 'points="' + " ".join(f"{number(x)},{number(y)}" for x, y in points) + '"'


def _rules(used: set[tuple[str, str]], scheme: int) -> str:
    return "".join(
        f"\n.{what[0]}-{name}{{{what}:{COLOURS[name][scheme]}}}" for what, name in sorted(used)
    )
