"""Pictures of segmentations: colours, overlays, legends, and tables of panels with titles.

A picture is a uint8 RGB array (H, W, 3), a palette a uint8 array (256, 3) with the RGB colour of
each label value. Only `save_png` touches the disk. The letters are those of the font inside
Pillow, which has Latin ones only.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from minifcn.backend import IGNORE
from minifcn.system.files import atomic_write

INK, PAPER = (32, 32, 32), (255, 255, 255)
OUTLINE = (150, 150, 150)
ROWS = 256  # of a picture, that are worked on at a time

Panel = tuple[str, np.ndarray]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def colourise(label: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Return the colour of each pixel's class.

    Parameters
    ----------
    label : integer array (H, W), 0 ... 255
    palette : uint8 array (256, 3)

    Returns
    -------
    uint8 array (H, W, 3)
    """
    return palette[label]


def overlay(
    image: np.ndarray,
    label: np.ndarray,
    palette: np.ndarray,
    alpha: float = 0.5,
    ignore: int = IGNORE,
) -> np.ndarray:
    """Return an image under the translucent colours of its classes.

    Pixels to ignore stay as they are, and so do those of a class that is black in the palette, as
    VOC's background is: black would only darken them.

    Parameters
    ----------
    image : uint8 array (H, W, 3)
    label : integer array (H, W), 0 ... 255
    palette : uint8 array (256, 3)
    alpha : float in 0 ... 1
        Weight of the colours.
    ignore : int

    Returns
    -------
    uint8 array (H, W, 3)

    Raises
    ------
    ValueError
        If image and label are not of one size.
    """
    if image.shape[:2] != label.shape:
        raise ValueError(f"the image is {image.shape[:2]}, the label map {label.shape}")
    picture = np.empty_like(image)
    for start in range(0, len(image), ROWS):  # the sums are of eight times the bytes
        rows = slice(start, start + ROWS)
        colours = colourise(label[rows], palette)
        mixed = np.rint((1 - alpha) * image[rows] + alpha * colours).astype(np.uint8)
        tinted = colours.any(axis=2) & (label[rows] != ignore)
        picture[rows] = np.where(tinted[..., None], mixed, image[rows])
    return picture


def legend(
    class_names: Sequence[str],
    palette: np.ndarray,
    present: Iterable[int],
    width: int = 640,
    size: int | None = None,
) -> np.ndarray:
    """Return a white strip with the colour and the name of each class, in as many lines as needed.

    Parameters
    ----------
    class_names : sequence of str
    palette : uint8 array (256, 3)
    present : iterable of int
        The classes to name, in this order; values without a name, such as 255, are left out.
    width : int
        Pixels; the strip is wider if one name needs more.
    size : int, optional
        Height of the letters in pixels, if not as suits the width.

    Returns
    -------
    uint8 array (height, at least `width`, 3)
    """
    font, size = font_of(width, size)
    gap = size // 2
    entries: list[tuple[int, int, int]] = []  # left, top, class
    x, y, needed = gap, gap, width
    for index in (int(value) for value in present if 0 <= value < len(class_names)):
        length = size + gap + _width(font, class_names[index]) + 2 * gap
        if x > gap and x + length - gap > width:
            x, y = gap, y + size + gap
        entries.append((x, y, index))
        x += length
        needed = max(needed, x - gap)
    strip = Image.new("RGB", (needed, y + size + gap), PAPER)
    draw = ImageDraw.Draw(strip)
    for x, y, index in entries:
        swatch = (x, y, x + size - 1, y + size - 1)
        draw.rectangle(swatch, fill=_rgb(palette[index]), outline=OUTLINE)
        draw.text((x + size + gap, y + size // 2), class_names[index], INK, font, anchor="lm")
    return np.asarray(strip)


def with_legend(
    picture: np.ndarray,
    class_names: Sequence[str],
    palette: np.ndarray,
    present: Iterable[int],
    size: int | None = None,
) -> np.ndarray:
    """Return a picture with a legend of the classes below it; see `legend`."""
    strip = legend(class_names, palette, present, picture.shape[1], size)
    height, width = picture.shape[:2]
    canvas = np.full((height + len(strip), strip.shape[1], 3), PAPER, np.uint8)
    left = (strip.shape[1] - width) // 2
    canvas[:height, left : left + width] = picture
    canvas[height:] = strip
    return canvas


def side_by_side(panels: Sequence[Panel], size: int | None = None) -> np.ndarray:
    """Return pictures in a row, each under its title; see `grid`."""
    return grid([panels], size)


def grid(rows: Sequence[Sequence[Panel]], size: int | None = None) -> np.ndarray:
    """Return a table of pictures; the titles of the first row head the columns.

    No picture is scaled: a smaller one stands in the middle of its cell.

    Parameters
    ----------
    rows : sequence of rows, all of one length, each a sequence of
        (title, uint8 array (H, W, 3))
    size : int, optional
        Height of the letters in pixels, if not as suits the width of all.

    Returns
    -------
    uint8 array (H, W, 3)

    Raises
    ------
    ValueError
        If there is nothing to show, or the rows are of different lengths.
    """
    if not rows or not rows[0] or len({len(row) for row in rows}) > 1:
        raise ValueError(
            "a grid needs at least one picture and rows of one length, "
            f"not rows of {[len(row) for row in rows]}"
        )
    titles = [title for title, _ in rows[0]]
    columns = list(zip(*([picture for _, picture in row] for row in rows), strict=True))
    across = sum(max(picture.shape[1] for picture in column) for column in columns)
    font, size = font_of(across, size)
    gap = size // 2
    widths = [
        max(_width(font, title), *(picture.shape[1] for picture in column))
        for title, column in zip(titles, columns, strict=True)
    ]
    heights = [max(picture.shape[0] for _, picture in row) for row in rows]
    head = size + 2 * gap
    canvas = Image.new(
        "RGB", (sum(widths) + gap * (len(widths) + 1), head + sum(heights) + gap * len(rows)), PAPER
    )
    draw = ImageDraw.Draw(canvas)
    x = gap
    for title, column, width in zip(titles, columns, widths, strict=True):
        draw.text((x + width // 2, head // 2), title, INK, font, anchor="mm")
        y = head
        for picture, height in zip(column, heights, strict=True):
            centre = (x + (width - picture.shape[1]) // 2, y + (height - picture.shape[0]) // 2)
            canvas.paste(Image.fromarray(picture), centre)
            y += height + gap
        x += width + gap
    return np.asarray(canvas)


def save_png(path: str | os.PathLike[str], picture: np.ndarray) -> None:
    """Write a picture as PNG, atomically; missing folders are made.

    Parameters
    ----------
    path : path
    picture : uint8 array (H, W, 3)
    """
    with atomic_write(path) as file:
        Image.fromarray(picture).save(file, format="PNG")


def font_of(width: int, size: int | None = None) -> tuple[Font, int]:
    """Return a font of a size, or one that suits pictures of a width, and its size; in pixels."""
    size = size or max(14, width // 60)
    return ImageFont.load_default(size), size


def _width(font: Font, text: str) -> int:
    """Return the width of a line of text in pixels, rounded up."""
    return int(np.ceil(font.getlength(text)))


def _rgb(colour: np.ndarray) -> tuple[int, int, int]:
    """Return a colour as Pillow takes it."""
    red, green, blue = colour.tolist()
    return red, green, blue
