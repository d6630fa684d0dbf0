"""Pictures of segmentations: colours, overlays, legends, and panels side by side.

Every picture is a uint8 RGB array (H, W, 3); only `save_png` touches the disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from minifcn.files import atomic_write

IGNORE = 255
INK, PAPER = (32, 32, 32), (255, 255, 255)
GAP = 6  # pixels between panels, and around text
FONT_SIZE = 14

Panel = tuple[str, np.ndarray]


def colourise(label: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Return the colour of each pixel's class.

    Parameters
    ----------
    label : integer array (H, W), 0 ... 255
    palette : uint8 array (256, 3), RGB
    """
    return np.asarray(palette, np.uint8)[label]


def overlay(
    image: np.ndarray, label: np.ndarray, palette: np.ndarray, alpha: float = 0.6
) -> np.ndarray:
    """Return the image under the colours of its classes; the background and 255 stay clear.

    Parameters
    ----------
    image : uint8 array (H, W, 3), RGB
    label : integer array (H, W)
    palette : uint8 array (256, 3), RGB
    alpha : float in 0 ... 1
        Weight of the colours.
    """
    mixed = (1 - alpha) * image + alpha * colourise(label, palette)
    shown = (label != 0) & (label != IGNORE)
    return np.where(shown[..., None], mixed.round().astype(np.uint8), image)


def with_legend(
    picture: np.ndarray,
    class_names: Sequence[str],
    palette: np.ndarray,
    present: Iterable[int],
) -> np.ndarray:
    """Return the picture with a strip below it that names the colours of the classes present.

    Parameters
    ----------
    picture : uint8 array (H, W, 3)
    class_names : sequence of str
    palette : uint8 array (256, 3), RGB
    present : iterable of int
        Class indices; 255 is left out.
    """
    font = ImageFont.load_default(FONT_SIZE)
    width = max(picture.shape[1], 160)
    line = FONT_SIZE + GAP
    entries: list[tuple[int, int, int]] = []  # x, y, class
    x = y = GAP
    for index in (int(c) for c in present if c != IGNORE):
        length = line + GAP + int(font.getlength(class_names[index])) + 2 * GAP
        if x > GAP and x + length > width:
            x, y = GAP, y + line
        entries.append((x, y, index))
        x += length
    strip = Image.new("RGB", (width, y + line + GAP), PAPER)
    draw = ImageDraw.Draw(strip)
    for x, y, index in entries:
        draw.rectangle(
            (x, y, x + FONT_SIZE, y + FONT_SIZE), fill=tuple(palette[index].tolist()), outline=INK
        )
        draw.text((x + line, y - 1), class_names[index], INK, font)
    return _stacked([picture, np.asarray(strip)])


def side_by_side(panels: Sequence[Panel]) -> np.ndarray:
    """Return panels in a row, each under its title; smaller ones are not enlarged.

    Parameters
    ----------
    panels : sequence of (title, uint8 array (H, W, 3))
    """
    return grid([panels])


def grid(rows: Sequence[Sequence[Panel]]) -> np.ndarray:
    """Return rows of panels as a table; the titles of the first row head the columns.

    Parameters
    ----------
    rows : sequence of rows, each a sequence of (title, uint8 array (H, W, 3)) of one length
    """
    columns = range(len(rows[0]))
    widths = [max(row[i][1].shape[1] for row in rows) for i in columns]
    heights = [max(panel.shape[0] for _, panel in row) for row in rows]
    head = FONT_SIZE + 2 * GAP
    canvas = Image.new(
        "RGB",
        (sum(widths) + GAP * (len(widths) + 1), head + sum(heights) + GAP * len(heights)),
        PAPER,
    )
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(FONT_SIZE)
    x = GAP
    for i in columns:
        draw.text((x + widths[i] / 2, head / 2), rows[0][i][0], INK, font, anchor="mm")
        y = head
        for row, height in zip(rows, heights, strict=True):
            canvas.paste(Image.fromarray(row[i][1]), (x, y))
            y += height + GAP
        x += widths[i] + GAP
    return np.asarray(canvas)


def save_png(path: str | os.PathLike[str], picture: np.ndarray) -> None:
    """Write a picture as PNG, atomically; folders are made."""
    with atomic_write(path) as partial:
        Image.fromarray(picture).save(partial, format="PNG")


def _stacked(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Return pictures below each other on white, as wide as the widest."""
    width = max(picture.shape[1] for picture in pictures)
    height = sum(picture.shape[0] for picture in pictures)
    canvas = np.full((height, width, 3), 255, np.uint8)
    y = 0
    for picture in pictures:
        canvas[y : y + picture.shape[0], : picture.shape[1]] = picture
        y += picture.shape[0]
    return canvas
