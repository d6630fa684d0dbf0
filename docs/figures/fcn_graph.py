"""The three nets as graphs: down the backbone on the left, up again on the right, skips across.

Names, shapes, strides, kernels and offsets are those of the net that the library builds.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from figures.svg import Sheet

from minifcn.layers import Conv2d, Crop, Deconv2d
from minifcn.models import ModelSpec, build
from minifcn.net import Net

IMAGE = (1, 3, 375, 500)
POOLS = ("pool1", "pool2", "pool3", "pool4", "pool5")
ICON = (64, 48)  # pixels of the sheet, for twice as many of the image
LEFT, MIDDLE, RIGHT = 24, 262, 486
TOP, PITCH = 52, 76


class Place(NamedTuple):
    """Where a blob stands."""

    x: float
    y: float


def draw_net(
    arch: str, title: str, description: str, note: Sequence[str], rows: dict[str, float]
) -> Sheet:
    """Return the picture of an architecture.

    Parameters
    ----------
    arch : str
    title, description : str
    note : sequence of str
        Lines that say what is the point of it.
    rows : dict from blob to float
        At which height the blobs stand, counted in rows from the top: of the backbone on the left
        and of the scores on the right. Skips stand beside what they predict from.
    """
    net = build(ModelSpec(arch=arch))
    shapes, fields = net.shapes(data=IMAGE), net.receptive_fields()
    sheet = Sheet(title, description, int(TOP + PITCH * max(rows.values()) + ICON[1] + 52))
    backbone, scores = ["data", *POOLS, "drop7"], score_chain(net)
    places = {name: Place(LEFT, TOP + PITCH * rows[name]) for name in backbone}
    places |= {name: Place(RIGHT, TOP + PITCH * rows[name]) for name in scores}
    for pool in POOLS:
        if f"score_{pool}" in shapes:
            places[f"score_{pool}"] = Place(MIDDLE, places[pool].y)

    for name, place in places.items():
        stride = int(fields[name].stride)
        hue = "blue" if name in backbone else "orange"
        draw_icon(sheet, place, stride, hue)
        shown = "fc6, fc7" if name == "drop7" else name
        sheet.text(place.x + 72, place.y + 9, shown, bold=True)
        sheet.text(place.x + 72, place.y + 25, " × ".join(map(str, shapes[name][1:])), size=12)
        sheet.text(place.x + 72, place.y + 41, f"stride {stride}", fill="soft", size=11.5)
    for above, below in pairwise(backbone):
        convolutions = backbone_convolutions(net, below)
        draw_edge(sheet, places[above], places[below], convolutions, "blue")
    draw_edge(sheet, places["drop7"], places["score_fr"], "1 × 1 convolution", "orange")
    for below, above in pairwise(scores):
        draw_edge(sheet, places[below], places[above], operation(net, above), "orange")
    for pool in POOLS:
        if f"score_{pool}" in places:
            draw_skip(sheet, net, places, pool)
    for line, text in enumerate(note):
        sheet.text(MIDDLE, TOP + 9 + 18 * line, text)
    sheet.text(
        LEFT,
        sheet.height - 18,
        "Channels × height × width. Each grid shows how the same 128 × 96 pixels are divided.",
        fill="soft",
        size=12,
    )
    return sheet


def score_chain(net: Net) -> list[str]:
    """Return the blobs from the coarsest scores to those of the image's size."""
    names = ["score_fr"]
    while names[-1] != "score":
        names += [node.name for node in net.nodes if node.bottoms[0] == names[-1]]
    return names


def backbone_convolutions(net: Net, blob: str) -> str:
    """Say what lies between a blob of the backbone and the one above it."""
    if blob == "drop7":
        (kernel, _), (then, _) = (net.layer(n).window.kernel_size for n in ("fc6", "fc7"))
        return f"{kernel} × {kernel}, {then} × {then} convolutions"
    block = blob.removeprefix("pool")
    layers = [n.layer for n in net.nodes if n.name.startswith(f"conv{block}_")]
    assert all(isinstance(layer, Conv2d) and layer.window.kernel_size == (3, 3) for layer in layers)
    return f"{len(layers)} convolutions 3 × 3, max pool"


def operation(net: Net, blob: str) -> str:
    """Say by what operation a blob of scores is made."""
    layer = net.layer(blob)
    if isinstance(layer, Deconv2d):
        (kernel, _), (stride, _) = layer.window.kernel_size, layer.window.stride
        return f"deconv {kernel} × {kernel}, stride {stride}"
    return f"crop at {layer.offset[0]}" if isinstance(layer, Crop) else "sum"


def draw_icon(sheet: Sheet, place: Place, stride: int, hue: str) -> None:
    """Draw a part of the image, divided as the blob divides it; below 4 pixels all is one."""
    (x, y), (width, height), cell = place, ICON, stride / 2
    sheet.rect(x, y, width, height, fill=hue, shade=0.3 if stride < 4 else 0.1)
    if stride >= 4:
        across = "".join(f"M{x} {y + n * cell:g}h{width}" for n in range(1, int(height / cell)))
        down = "".join(f"M{x + n * cell:g} {y}v{height}" for n in range(1, int(width / cell)))
        sheet.path(across + down, stroke=hue, weight=0.5)
    sheet.rect(x, y, width, height, stroke=hue)


def draw_edge(sheet: Sheet, start: Place, end: Place, what: str, hue: str) -> None:
    """Draw an arrow between two blobs of a column, or from the left to the right one."""
    if start.x != end.x:
        y = start.y + ICON[1] / 2
        sheet.arrow((start.x + 176, y), (end.x - 8, y), stroke=hue)
        sheet.text((start.x + 176 + end.x) / 2, y - 12, what, anchor="middle", size=11.5)
        return
    down = end.y > start.y
    x, first, last = start.x + ICON[0] / 2, start.y, end.y
    first, last = (first + ICON[1] + 2, last - 3) if down else (first - 2, last + ICON[1] + 3)
    sheet.arrow((x, first), (x, last), stroke=hue)
    sheet.text(x + 10, (first + last) / 2, what, size=11.5, fill="soft")


def draw_skip(sheet: Sheet, net: Net, places: dict[str, Place], pool: str) -> None:
    """Draw the way from a pooling to the sum that its scores are added to."""
    score, y = places[f"score_{pool}"], places[pool].y + ICON[1] / 2
    (offset, _) = net.layer(f"score_{pool}c").offset
    sheet.arrow((LEFT + 176, y), (score.x - 8, y), stroke="green", weight=2)
    sheet.text((LEFT + 168 + score.x) / 2, y - 12, "1 × 1", anchor="middle", size=11.5)
    sheet.arrow((score.x + 172, y), (RIGHT - 8, y), stroke="green", weight=2)
    sheet.text((score.x + 164 + RIGHT) / 2, y - 28, "crop", anchor="middle", size=11.5)
    sheet.text((score.x + 164 + RIGHT) / 2, y - 12, f"at {offset}", anchor="middle", size=11.5)
