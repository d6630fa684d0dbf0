"""The coordinate maps behind the crops: where blobs lie beside the image's edge, in one axis."""

from __future__ import annotations

from math import ceil

from figures.maps import places_in_image
from figures.svg import WIDTH, Sheet, figure

from minifcn.layers.geometry import CoordMap
from minifcn.models import ModelSpec, build

SCALE = 3.6  # pixels of the sheet for a pixel of the image
FIRST, LAST = -104, 76  # pixels of the image that are shown
HEIGHT = 22
# Of each crop: the net, the blob that is cropped, the layer that crops it, what it is laid on.
SKIPS = (
    ("fcn16s", "score_pool4", "score_pool4c", "upscore2"),
    ("fcn8s", "score_pool3", "score_pool3c", "upscore_pool4"),
)
SCORES = (("fcn32s", "upscore"), ("fcn16s", "upscore16"), ("fcn8s", "upscore8"))


def draw() -> Sheet:
    """Return the picture."""
    sheet = Sheet(
        "Why the crops are 5, 9, 19, 27 and 31: where each map begins in the image",
        "One axis of the image, from the padding of 100 pixels on its left to its first pixels. "
        "Each blob is drawn where its coordinate map puts it. score_pool4 begins five of its "
        "pixels before upscore2, score_pool3 nine before upscore_pool4; the upsampled scores "
        "begin 19, 27 and 31 pixels before the image. What lies before is cut off.",
        490,
    )
    nets = {arch: build(ModelSpec(arch=arch)) for arch, _ in SCORES}
    maps = {arch: places_in_image(net) for arch, net in nets.items()}
    draw_ruler(sheet, 92, 458)

    y = 118
    for arch, blob, crop, reference in SKIPS:
        place, (offset, _) = maps[arch][blob][0], nets[arch].layer(crop).offset
        stride = figure(float(place.scale))
        sheet.text(24, y, f"{blob}, stride {stride}: its first {offset} pixels are cut off")
        draw_pixels(sheet, y + 12, place, offset)
        draw_pixels(sheet, y + 12 + HEIGHT, maps[arch][reference][0], 0)
        begin = on_sheet(edge(maps[arch][reference][0]))
        sheet.text(begin - 8, y + 12 + 1.5 * HEIGHT, f"{reference} begins", anchor="end")
        sheet.line((begin, y + 8), (begin, y + 16 + 2 * HEIGHT), stroke="ink", weight=2)
        y += 92

    place = maps["fcn32s"]["score_fr"][0]
    sheet.text(
        24,
        y + 12,
        f"score_fr, stride 32: its first pixel is centred on {figure(float(place.offset))}",
    )
    draw_pixels(sheet, y, place, 0)
    middle = on_sheet(float(place.offset))
    sheet.line((middle, y - 7), (middle, y + 4), weight=2)
    y += 46
    for arch, blob in SCORES:
        (offset, _) = nets[arch].layer("score").offset
        begin = figure(float(maps[arch][blob][0].offset))
        sheet.text(24, y + 12, f"{blob} begins at {begin}: crop at {offset}")
        draw_pixels(sheet, y, maps[arch][blob][0], offset)
        y += 36
    sheet.text(
        24, y + 16, "Hatched: cut off. Shaded: kept. A box is a pixel of its blob.", fill="soft"
    )
    return sheet


def edge(place: CoordMap, index: int = 0) -> float:
    """Return where pixel `index` of a blob begins in the image: half a stride before its centre."""
    return float(place.scale * index + place.offset - place.scale / 2)


def on_sheet(pixel: float) -> float:
    """Return the x of a position of the image, whose first pixel reaches from -0.5 to 0.5."""
    return (WIDTH - (LAST - FIRST) * SCALE) / 2 + (pixel - FIRST) * SCALE


def draw_ruler(sheet: Sheet, y: float, bottom: float) -> None:
    """Draw the axis, the image as a shade that reaches down to `bottom`, and its padding."""
    left, right, zero = on_sheet(FIRST), on_sheet(LAST), on_sheet(-0.5)
    sheet.rect(zero, y - 40, right - zero, bottom - y + 40, fill="blue", shade=0.08)
    sheet.line((zero, y), (zero, bottom), stroke="blue", weight=1.5)
    sheet.text(zero + 8, y - 28, "image", fill="blue", bold=True)
    sheet.text(zero - 8, y - 28, "100 pixels of padding", fill="soft", anchor="end")
    sheet.line((left, y), (right, y), stroke="soft", weight=1)
    for pixel in range(-100, LAST, 20):
        x = on_sheet(pixel)
        sheet.line((x, y), (x, y - 5), stroke="soft", weight=1)
        sheet.text(x, y - 13, figure(pixel), fill="soft", size=11, anchor="middle")


def draw_pixels(sheet: Sheet, y: float, place: CoordMap, cut: int) -> None:
    """Draw the pixels of a blob; the first `cut` are hatched, the others shaded."""
    begin, kept, end = on_sheet(edge(place)), on_sheet(edge(place, cut)), on_sheet(LAST)
    step = float(place.scale) * SCALE
    lefts = [begin + n * step for n in range(ceil((end - begin) / step))]
    sheet.rect(begin, y, end - begin, HEIGHT, fill="paper")
    sheet.rect(kept, y, end - kept, HEIGHT, fill="orange", shade=0.3)
    hatches = [f"M{x:.1f} {y + HEIGHT:g}l{step:.1f} {-HEIGHT}" for x in lefts[:cut]]
    edges = [f"M{x:.1f} {y:g}v{HEIGHT}" for x in lefts[1:]]
    sheet.path("".join(hatches + edges), stroke="soft", weight=0.7 if step > 14 else 0.4)
    sheet.rect(begin, y, end - begin, HEIGHT, stroke="soft", weight=0.7)
    for index, left in enumerate(lefts):
        right = min(left + step, end)
        if index >= cut and right - left > 20:
            sheet.text((left + right) / 2, y + HEIGHT / 2, str(index), size=11, anchor="middle")
