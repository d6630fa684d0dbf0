"""Max pooling: the gradient of each output goes to the pixel that won its window."""

from __future__ import annotations

import numpy as np
from figures.grids import draw_grid, outline
from figures.svg import HUES, Sheet

from minifcn.functional.pooling import max_pool_backward, max_pool_forward
from minifcn.functional.window import PoolWindow

APART = np.array([[1, 3, 2, 0], [4, 2, 1, 5], [6, 6, 0, 2], [1, 6, 3, 1]], float)
OVERLAPPING = np.array(
    [[1, 0, 2, 3, 1], [2, 4, 1, 0, 2], [0, 1, 8, 2, 1], [3, 2, 1, 0, 9], [1, 7, 2, 1, 0]], float
)
DY = np.array([[1, 2], [3, 4]], float)


def draw() -> Sheet:
    """Return the picture."""
    sheet = Sheet(
        "Max pooling: each window's gradient goes to the pixel that won it",
        "Two max poolings, forwards and backwards. With windows of 2 x 2 pixels side by side, "
        "each gradient goes to the largest pixel of its window, to the first in reading order if "
        "several are largest. With windows of 3 x 3 that overlap, a pixel that wins several "
        "collects all.",
        500,
    )
    for x, text in (
        (30, "image"),
        (266, "maxima"),
        (411, "gradient"),
        (524, "gradient of the image"),
    ):
        sheet.text(x, 58, text)
    draw_row(sheet, 78, APART, PoolWindow((2, 2), (2, 2)))
    sheet.text(
        30, 234, "Windows of 2 × 2, stride 2: of the three sixes, the first wins.", fill="soft"
    )
    draw_row(sheet, 276, OVERLAPPING, PoolWindow((3, 3), (2, 2)))
    sheet.text(
        30, 460, "Windows of 3 × 3, stride 2: they overlap. The 8 wins three of them,", fill="soft"
    )
    sheet.text(30, 477, "and collects 1 + 2 + 3.", fill="soft")
    return sheet


def draw_row(sheet: Sheet, y: float, x: np.ndarray, window: PoolWindow) -> None:
    """Draw one pooling forwards and backwards."""
    pooled, cache = max_pool_forward(x[None, None], window)
    dx = max_pool_backward(DY[None, None], cache)[0, 0]
    (size, _), (stride, _) = window.kernel_size, window.stride
    won: dict[tuple[int, int], list[int]] = {}  # the windows that a pixel has won
    for number, place in enumerate(cache.argmax.flat):
        i, j = divmod(number, 2)
        a, b = divmod(int(place), size)
        won.setdefault((i * stride + a, j * stride + b), []).append(number)

    def shade(i: int, j: int) -> tuple[str, float] | None:
        windows = won.get((i, j), [])
        return ("ink" if len(windows) > 1 else HUES[windows[0]], 0.3) if windows else None

    def wins(i: int, j: int) -> bool:
        return (i, j) in won

    def hue(i: int, j: int) -> tuple[str, float]:
        return HUES[2 * i + j], 0.3

    image = draw_grid(sheet, 30, y, x, 33, shade=shade, bold=wins)
    middle = (y + image.bottom) / 2
    for number, stroke in enumerate(HUES):
        i, j = (n * stride for n in divmod(number, 2))
        inset = 2 if size == stride else 1 + 1.5 * number
        outline(
            sheet,
            image,
            (i, i + size - 1),
            (j, j + size - 1),
            stroke=stroke,
            inset=inset,
            weight=1.5,
        )
    output = draw_grid(sheet, 258, middle - 33, pooled[0, 0], 33, shade=hue, bold=lambda *_: True)
    dy = draw_grid(sheet, 404, middle - 33, DY, 33, shade=hue, bold=lambda *_: True)
    back = draw_grid(sheet, 524, y, dx, 33, shade=shade, bold=wins)
    sheet.arrow((image.right + 10, middle), (output.x - 10, middle))
    sheet.text((image.right + output.x) / 2, middle - 12, "max", anchor="middle", fill="soft")
    sheet.arrow((output.right + 10, middle), (dy.x - 10, middle), dash="3 3")
    sheet.text((output.right + dy.x) / 2, middle - 12, "loss", anchor="middle", fill="soft")
    sheet.arrow((dy.right + 8, middle), (back.x - 8, middle))
