"""col2im: each pixel collects its gradient from all the columns that it was copied into."""

from __future__ import annotations

import numpy as np
from figures.grids import draw_grid, draw_stamp, outline
from figures.svg import HUES, Sheet, figure

from minifcn.functional.im2col import col2im
from minifcn.functional.window import Window

KERNEL = np.array([[1, 0, 2], [3, 1, 0], [0, 2, 1]], float)
DY = np.array([[1, 2], [3, 5]], float)
WINDOW = Window((3, 3))
SHAPE = (1, 1, 4, 4)
PIXEL = (1, 2)  # the one whose sum is written out
CELL = 28


def draw() -> Sheet:
    """Return the picture."""
    sheet = Sheet(
        "col2im: each pixel collects from every column it was copied into",
        "The gradient of the 9 x 4 columns goes back to the 4 x 4 image. Each column is folded to "
        "the window that it came from; where windows overlap, the gradients add up.",
        392,
    )
    dcolumns = KERNEL.reshape(9, 1) @ DY.reshape(1, 4)
    dx = col2im(dcolumns[None], SHAPE, WINDOW)[0, 0]

    sheet.text(30, 58, "gradient of the columns")
    sheet.text(30, 74, "= kernel as a column · dy", fill="soft")
    matrix = draw_grid(sheet, 62, 90, dcolumns, CELL, shade=lambda _, column: (HUES[column], 0.18))

    sheet.text(250, 58, "each column folded to its window")
    terms = []
    for number, hue in enumerate(HUES):
        i, j = divmod(number, 2)
        alone = np.zeros((9, 4))
        alone[:, number] = dcolumns[:, number]
        part = col2im(alone[None], SHAPE, WINDOW)[0, 0]
        terms.append(part[PIXEL])
        grid = draw_stamp(
            sheet,
            250 + 116 * j,
            90 + 116 * i,
            part,
            24,
            (i, i + 2),
            (j, j + 2),
            colour=(hue, 0.18),
            bold=lambda a, b: (a, b) == PIXEL,
        )
        outline(sheet, grid, PIXEL[:1] * 2, PIXEL[1:] * 2, stroke="ink", inset=3)
    sheet.text(358, 197, "+", anchor="middle", size=18, bold=True)
    sheet.arrow((matrix.right + 14, 200), (238, 200))

    sheet.text(528, 96, "added up: the gradient")
    sheet.text(528, 112, "of the image")
    total = draw_grid(sheet, 528, 128, dx, 36, bold=lambda a, b: (a, b) == PIXEL)
    outline(sheet, total, PIXEL[:1] * 2, PIXEL[1:] * 2, stroke="ink", inset=3)
    sheet.arrow((474, 200), (516, 200))
    sheet.text(
        528, 294, " + ".join(map(figure, terms)) + f" = {figure(dx[PIXEL])}", size=14, bold=True
    )

    copies = col2im(np.ones((1, 9, 4)), SHAPE, WINDOW)[0, 0].astype(int)
    counts = sorted(set(copies.flat))
    sheet.text(
        30,
        372,
        "A corner lies in "
        f"{counts[0]} window, an edge in {counts[1]}, an inner pixel in {counts[2]}: "
        "as many terms as its sum has.",
        fill="soft",
    )
    return sheet
