"""How the receptive field grows through VGG16, on an image of 500 x 375 pixels."""

from __future__ import annotations

from fractions import Fraction

from figures.maps import places_in_image
from figures.svg import Sheet

from minifcn.models import ModelSpec, build

IMAGE = (375, 500)
CENTRE = (172, 236)  # what all are drawn around: an output pixel near the middle
SCALE = 0.82
LEFT, TOP = 24, 86
LIST = 500  # where the list begins
MARKED = ("pool1", "pool2", "pool3", "pool4", "pool5", "fc6")
INSIDE = {"fc6": 11, "pool5": 25, "pool4": 11}  # labels in a square's corner, below its upper edge


def draw() -> Sheet:
    """Return the picture."""
    sheet = Sheet(
        "What a pixel of each layer sees of the image: the receptive field in VGG16",
        "An image of 500 x 375 pixels, and on it the squares that one pixel of pool1 to pool5 and "
        "of fc6 depends on: 6, 16, 44, 100, 212 and 404 pixels wide. The last is higher than the "
        "image. A list gives the width for every layer.",
        462,
    )
    net = build(ModelSpec(arch="fcn32s"))
    fields, places = net.receptive_fields(), places_in_image(net)
    draw_photograph(sheet)
    for i in range(12):
        for j in range(16):
            sheet.circle(*on_sheet(at(places, "score_fr", (i, j))), 1.4, fill="soft")

    for name in MARKED[::-1]:
        size = float(fields[name].size) * SCALE
        x, y = on_sheet(nearest(places, name))
        sheet.rect(x - size / 2, y - size / 2, size, size, fill="blue", shade=0.1, stroke="blue")
        if name in INSIDE:  # between two rows of dots
            corner = x - size / 2 + 5, y - size / 2 + INSIDE[name]
            sheet.text(*corner, f"{name}: {fields[name].size}", bold=True)
        if name == "pool3":
            sheet.line((x + size / 2, y - 13), (x + 48, y - 13), stroke="blue", weight=1)
            sheet.text(x + 52, y - 13, f"{name}: {fields[name].size}", size=11, bold=True)

    sheet.text(LIST, 62, "layer", fill="soft")
    sheet.text(LIST + 184, 62, "pixels", fill="soft", anchor="end")
    layers = [n.name for n in net.nodes if n.name.startswith(("conv", "pool")) or n.name == "fc6"]
    for row, name in enumerate(layers):
        y, size = 82 + 18 * row, int(fields[name].size)
        hue = "blue" if name in MARKED else "soft"
        sheet.text(LIST, y, name, bold=name in MARKED, size=12)
        sheet.rect(LIST + 58, y - 5, size / 4.5, 10, fill=hue, shade=0.55)
        sheet.text(LIST + 184, y, str(size), anchor="end", bold=name in MARKED, size=12)
    stride = fields["score_fr"].stride
    sheet.text(
        LEFT,
        438,
        f"Dots: the centres of the 12 × 16 scores, {stride} pixels apart. Blue squares: what one "
        "pixel depends on.",
        fill="soft",
    )
    return sheet


def draw_photograph(sheet: Sheet) -> None:
    """Draw the image's frame, and a scene that is only there to give the scale."""
    height, width = IMAGE[0] * SCALE, IMAGE[1] * SCALE
    ground = [(0, 265), (120, 240), (260, 255), (400, 225), (500, 245), (500, 375), (0, 375)]
    house = [(310, 300), (310, 195), (370, 145), (430, 195), (430, 300)]
    tree = [(70, 300), (70, 250), (30, 250), (78, 110), (126, 250), (86, 250), (86, 300)]
    for shape, hue in ((ground, "green"), (house, "orange"), (tree, "green")):
        corners = [(LEFT + x * SCALE, TOP + y * SCALE) for x, y in shape]
        sheet.area(*corners, fill=hue, shade=0.22)
    sheet.circle(LEFT + 440 * SCALE, TOP + 70 * SCALE, 26, fill="orange", shade=0.25)
    sheet.rect(LEFT, TOP, width, height, stroke="ink", weight=1.5)


def at(places: dict, name: str, index: tuple[int, int]) -> tuple[float, ...]:
    """Return the (row, column) of the image that a pixel of a blob is centred on."""
    return tuple(
        float(axis.scale * i + axis.offset) for axis, i in zip(places[name], index, strict=True)
    )


def nearest(places: dict, name: str) -> tuple[float, ...]:
    """Return the centre of the pixel of a blob that lies nearest to CENTRE."""
    index = (
        round((Fraction(pixel) - axis.offset) / axis.scale)
        for axis, pixel in zip(places[name], CENTRE, strict=True)
    )
    return at(places, name, tuple(index))


def on_sheet(pixel: tuple[float, ...]) -> tuple[float, float]:
    """Return where a pixel's centre (row, column) of the image lies on the sheet."""
    return LEFT + (pixel[1] + 0.5) * SCALE, TOP + (pixel[0] + 0.5) * SCALE
