"""Grids of numbers: images, matrices and windows on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from figures.svg import Sheet, figure

Shade = tuple[str, float] | None  # a colour and how strong it is


class Grid(NamedTuple):
    """Where a grid lies on a sheet: its corner, the side of a cell, and how many there are."""

    x: float
    y: float
    cell: float
    rows: int
    columns: int

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.columns * self.cell

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.rows * self.cell

    def middle(self, row: float, column: float) -> tuple[float, float]:
        """Return the middle of a cell."""
        return self.x + (column + 0.5) * self.cell, self.y + (row + 0.5) * self.cell


def draw_grid(
    sheet: Sheet,
    x: float,
    y: float,
    values: np.ndarray,
    cell: float,
    *,
    shade: Callable[[int, int], Shade] = lambda row, column: None,
    texts: Callable[[int, int], str] | None = None,
    bold: Callable[[int, int], bool] = lambda row, column: False,
    size: float | None = None,
    decimals: int = 2,
) -> Grid:
    """Draw a matrix (rows, columns) as cells with their numbers; return where it lies.

    Parameters
    ----------
    sheet : Sheet
    x, y : float
        Its upper left corner.
    values : array (rows, columns)
    cell : float
        The side of a cell, in pixels.
    shade : function of (row, column)
        The colour of a cell and how strong it is; None for none.
    texts : function of (row, column), optional
        What is written in a cell; by default its number.
    bold : function of (row, column)
        Whether it is printed bold.
    size : float, optional
        Of the numbers; by default fitting to the cell.
    decimals : int
        Of the numbers, at most.
    """
    rows, columns = values.shape
    grid = Grid(x, y, cell, rows, columns)
    for i, j in np.ndindex(rows, columns):
        colour = shade(i, j)
        left, top = x + j * cell, y + i * cell
        if colour:
            sheet.rect(left, top, cell, cell, fill=colour[0], shade=colour[1])
        sheet.rect(left, top, cell, cell, stroke="rule")
        text = texts(i, j) if texts else figure(float(values[i, j]), decimals)
        if text:
            sheet.text(
                *grid.middle(i, j),
                text,
                anchor="middle",
                bold=bold(i, j),
                size=size or min(max(11, 0.45 * cell), 15),
            )
    return grid


def draw_stamp(
    sheet: Sheet,
    x: float,
    y: float,
    values: np.ndarray,
    cell: float,
    rows: Sequence[int],
    columns: Sequence[int],
    *,
    colour: tuple[str, float],
    bold: Callable[[int, int], bool] = lambda row, column: False,
) -> Grid:
    """Draw a matrix as `draw_grid`, its numbers in one window only, which is shaded and framed.

    The window reaches from rows[0] to rows[1] and from columns[0] to columns[1].
    """

    def inside(row: int, column: int) -> bool:
        return rows[0] <= row <= rows[1] and columns[0] <= column <= columns[1]

    grid = draw_grid(
        sheet,
        x,
        y,
        values,
        cell,
        shade=lambda i, j: colour if inside(i, j) else None,
        texts=lambda i, j: figure(values[i, j]) if inside(i, j) else "",
        bold=bold,
    )
    outline(sheet, grid, rows, columns, stroke=colour[0])
    return grid


def outline(
    sheet: Sheet,
    grid: Grid,
    rows: Sequence[int],
    columns: Sequence[int],
    *,
    stroke: str,
    inset: float = 0.0,
    weight: float = 2.0,
    dash: str = "",
) -> None:
    """Draw a frame around the cells of rows[0] to rows[1] and columns[0] to columns[1]."""
    sheet.rect(
        grid.x + columns[0] * grid.cell + inset,
        grid.y + rows[0] * grid.cell + inset,
        (columns[1] - columns[0] + 1) * grid.cell - 2 * inset,
        (rows[1] - rows[0] + 1) * grid.cell - 2 * inset,
        stroke=stroke,
        weight=weight,
        dash=dash,
        corner=2,
    )
