"""im2col: each window of the image becomes a column, and the convolution a matrix product."""

from __future__ import annotations

import numpy as np
from figures.grids import draw_grid, outline
from figures.svg import HUES, Sheet

from minifcn.functional.im2col import im2col, im2col_forward
from minifcn.functional.window import Window

IMAGE = np.array([[3, 1, 0, 2], [1, 2, 4, 1], [0, 5, 2, 3], [2, 1, 3, 1]], float)
KERNEL = np.array([[1, 0, 2], [3, 1, 0], [0, 2, 1]], float)
WINDOW = Window((3, 3))
CELL = 28


def draw() -> Sheet:
    """Return the picture."""
    sheet = Sheet(
        "im2col: each window becomes a column, and convolution a matrix product",
        "A 4 x 4 image has four windows of 3 x 3 pixels. Each is copied into one column of a "
        "9 x 4 matrix. The kernel, laid out as a row, times this matrix is the 2 x 2 output.",
        416,
    )
    columns = im2col(IMAGE[None, None], WINDOW)[0]
    y = im2col_forward(IMAGE[None, None], KERNEL[None, None], None, WINDOW)[0, 0]

    image = draw_grid(sheet, 30, 76, IMAGE, 34)
    sheet.text(30, 60, "image, 4 × 4")
    matrix = draw_grid(sheet, 460, 76, columns, CELL, shade=lambda _, column: (HUES[column], 0.18))
    sheet.text(460, 60, "columns, 9 × 4")
    sheet.text(232, 60, "its four windows of 3 × 3")
    for number, hue in enumerate(HUES):
        i, j = divmod(number, 2)
        outline(sheet, image, (i, i + 2), (j, j + 2), stroke=hue, inset=1.5 + 2.5 * number)
        window = IMAGE[i : i + 3, j : j + 3]
        seen = draw_grid(
            sheet, 232 + 84 * j, 76 + 84 * i, window, 24, shade=lambda *_, hue=hue: (hue, 0.18)
        )
        outline(sheet, seen, (0, 2), (0, 2), stroke=hue)
    sheet.arrow((image.right + 10, 144), (222, 144))
    sheet.arrow((398, 144), (matrix.x - 8, 144))
    sheet.text(426, 130, "copy", anchor="middle", fill="soft")

    kernel = draw_grid(sheet, 30, 292, KERNEL, CELL)
    sheet.text(30, 276, "kernel, 3 × 3")
    row = draw_grid(sheet, matrix.x - 9 * CELL - 20, 348, KERNEL.reshape(1, 9), CELL)
    sheet.arrow((kernel.right + 10, 362), (row.x - 8, 362))
    sheet.text(row.x, row.y - 16, "the kernel as a row")
    product = draw_grid(
        sheet,
        matrix.x,
        348,
        y.reshape(1, 4),
        CELL,
        shade=lambda _, column: (HUES[column], 0.18),
        bold=lambda *_: True,
    )
    sheet.text(matrix.x - 10, 362, "·", anchor="middle", size=18, bold=True)
    sheet.text(matrix.x + 56, product.bottom + 16, "= row · columns", anchor="middle")
    output = draw_grid(
        sheet,
        618,
        334,
        y,
        CELL,
        shade=lambda i, j: (HUES[2 * i + j], 0.18),
        bold=lambda *_: True,
    )
    sheet.arrow((product.right + 6, 362), (output.x - 8, 362))
    sheet.text(output.x + 28, output.y - 14, "output, 2 × 2", anchor="middle")
    return sheet
