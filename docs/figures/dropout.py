"""Dropout: what is dropped, and why what stays is scaled."""

from __future__ import annotations

import numpy as np
from figures.grids import draw_grid
from figures.svg import Sheet, figure

from minifcn.functional.dropout import dropout_backward, dropout_forward

X = np.array([[3, 1, 4, 2], [5, 2, 1, 6], [2, 4, 3, 1]], float)
DY = np.array([[1, -2, 3, 1], [2, 1, -1, 2], [-3, 1, 2, -1]], float)
RATIO, SEED, DRAWS = 0.5, 6, 10_000
CELL = 34
COLUMNS = (24, 196, 368, 540)


def draw() -> Sheet:
    """Return the picture."""
    y, cache = dropout_forward(X, ratio=RATIO, rng=np.random.default_rng(SEED))
    dx = dropout_backward(DY, cache)
    rng = np.random.default_rng(SEED)
    mean = sum(dropout_forward(X, ratio=RATIO, rng=rng)[0] for _ in range(DRAWS)) / DRAWS
    sheet = Sheet(
        "Dropout: half of the values become 0, and the others twice as large",
        "A 3 x 4 array, a random mask that keeps about half of it, and the output: what is kept, "
        "doubled. The mean of the output over ten thousand masks is the input again. Backwards the "
        "gradient meets the same mask and the same factor.",
        394,
    )
    keep, scale = cache.keep, figure(cache.scale)
    for top, before, after, names in (
        (84, X, y, ("input x", "kept at random", "output y")),
        (256, DY, dx, ("gradient dy", "the same mask", "gradient dx")),
    ):
        for x, name in zip(COLUMNS, names, strict=False):
            sheet.text(x, top - 18, name)
        draw_row(sheet, top, before, keep, after, scale)
    sheet.text(COLUMNS[3], 66, f"mean y of {DRAWS:,} masks")
    draw_grid(sheet, COLUMNS[3], 84, mean, CELL, decimals=1, size=13)
    for line, text in enumerate(
        ("On average y is x.", "So after training nothing", "is dropped or scaled.")
    ):
        sheet.text(COLUMNS[3], 264 + 20 * line, text, fill="soft")
    return sheet


def draw_row(
    sheet: Sheet, top: float, before: np.ndarray, keep: np.ndarray, after: np.ndarray, scale: str
) -> None:
    """Draw what comes in, the mask, and what comes out."""

    def kept(i: int, j: int) -> tuple[str, float] | None:
        return ("blue", 0.25) if keep[i, j] else ("ink", 0.14)

    middle = top + 1.5 * CELL
    left = draw_grid(sheet, COLUMNS[0], top, before, CELL)
    mask = draw_grid(
        sheet,
        COLUMNS[1],
        top,
        keep,
        CELL,
        shade=kept,
        texts=lambda i, j: scale if keep[i, j] else "0",
    )
    draw_grid(
        sheet,
        COLUMNS[2],
        top,
        after,
        CELL,
        shade=kept,
        bold=lambda i, j: bool(keep[i, j]),
    )
    sheet.text(left.right + 18, middle, "·", anchor="middle", size=18, bold=True)
    sheet.text(mask.right + 18, middle, "=", anchor="middle", size=18, bold=True)
