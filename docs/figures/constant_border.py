"""The rows of VGG16's maps that padding of 100 makes alike, and which of them are computed."""

from __future__ import annotations

from figures.maps import places_in_image
from figures.svg import WIDTH, Sheet

from minifcn.layers.geometry import Span, covered
from minifcn.models import ModelSpec, build
from minifcn.net import Net
from minifcn.net.border import fold_border
from minifcn.net.graph import blob_shapes

IMAGE, PADDING = 500, 100
SHOWN = ("conv1_2", "conv2_2", "conv3_3", "conv4_3")  # the last convolution of each block
SCALE = (WIDTH - 48) / (IMAGE + 2 * PADDING)
HEIGHT = 18


def draw() -> Sheet:
    """Return the picture."""
    sheet = Sheet(
        "The border of pad 100: rows that are alike, and those that are computed",
        "The rows of four maps of VGG16, for an image of 500 pixels: the last convolution of each "
        "of the first four blocks. At both ends a part of them is alike: 96, 44, 16 and 2 rows. "
        "Below each map stand the rows that are computed: all that differ, and of those that are "
        "alike 4, 4 and 4; in the fourth block all.",
        366,
    )
    net = build(ModelSpec(arch="fcn8s", width=1 / 64))
    shapes = {"data": (1, 3, IMAGE, IMAGE)}
    whole = net.shapes(**shapes)
    folded = blob_shapes(fold_border(net.nodes, ["score"], shapes), shapes)
    left, right = on_sheet(0), on_sheet(IMAGE)
    sheet.rect(left, 40, right - left, 290, fill="blue", shade=0.08)
    sheet.text((left + right) / 2, 54, "image", fill="blue", bold=True, anchor="middle")
    sheet.text(left - 8, 54, "padding", fill="soft", anchor="end")
    places, alike = places_in_image(net), alike_rows(net)
    for number, name in enumerate(SHOWN):
        place, y, rows = places[name][0], 88 + 66 * number, whole[name][2]
        missing = (rows - folded[name][2]) // 2
        ends = [(span.first, span.end) for span in alike[name]]

        def at(row: float, place=place) -> float:
            return on_sheet(float(place.scale * row + place.offset - place.scale / 2) + 0.5)

        sheet.text(24, y - 12, f"{name}: {rows} rows, of which {rows - 2 * missing} are computed")
        for top, kept in ((y, 0), (y + HEIGHT + 3, missing)):
            bar(sheet, top, at(0), at(rows), "blue", 0.25)
            for begin, end in ends:
                bar(sheet, top, at(begin), at(end), "paper", 1.0)
                bar(sheet, top, at(begin), at(end), "orange", 0.0 if kept else 0.45)
                if kept:  # one end of what is alike is there, the rest is missing
                    bar(sheet, top, at(begin), at(end - kept), "orange", 0.45)
    sheet.text(
        24,
        348,
        "Orange: alike. Upper bar: the whole map. Lower bar: what is computed; what is empty is "
        "repeated.",
        fill="soft",
    )
    return sheet


def bar(sheet: Sheet, y: float, begin: float, end: float, hue: str, shade: float) -> None:
    """Draw a part of a map."""
    dash = "" if shade else "3 3"
    sheet.rect(begin, y, end - begin, HEIGHT, fill=hue, shade=shade)
    sheet.rect(begin, y, end - begin, HEIGHT, stroke="soft", weight=0.7, dash=dash)


def on_sheet(pixel: float) -> float:
    """Return the x of an edge between pixels of the image, of which 0 is the first."""
    return 24 + (pixel + PADDING) * SCALE


def alike_rows(net: Net) -> dict[str, list[Span]]:
    """Return the rows that are alike at both ends of each map on the way down from the image."""
    spans = {"data": [Span(-PADDING, 0), Span(IMAGE, IMAGE + PADDING)]}
    for node in net.nodes:
        footprint = node.layer.footprint()
        if footprint is not None and not footprint.transposed and node.bottoms[0] in spans:
            spans[node.name] = [covered(span, footprint, 0) for span in spans[node.bottoms[0]]]
    return spans
