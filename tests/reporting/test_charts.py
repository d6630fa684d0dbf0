"""The geometry of the report's drawings."""

import numpy as np
import pytest

from minifcn.reporting.charts import BINS, CELL, Series, chart, matrix


def drawn(y, **how):
    y = np.array(y, float)
    return chart("loss", [Series(0, np.arange(1, len(y) + 1.0), y)], **how)


def corners(line: str) -> list[tuple[float, ...]]:
    return [tuple(map(float, point.split(","))) for point in line.split()]


def test_higher_values_are_higher_and_later_ones_to_the_right():
    one = drawn([1, 3, 2])
    points = corners(one.curves[0].line)
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert points[1][1] < points[2][1] < points[0][1]
    assert all(one.left <= x <= one.right and one.top <= y <= one.bottom for x, y in points)


@pytest.mark.parametrize(
    ("values", "logarithmic", "numbers"),
    [
        ([0.03, 2.2], True, ["0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5"]),
        ([1e-6, 1e3], True, [f"{10.0**power:.6g}" for power in range(-6, 4)]),
        (
            [1e-2, 1e28],
            True,
            ["0.01", "10", "10k", "10000k", *(f"1e+{n}" for n in range(10, 29, 3))],
        ),
        ([0.5, 0.5], True, ["0.5", "1"]),
        ([0, 100], False, ["0", "20", "40", "60", "80", "100"]),
        ([0, 0], False, ["0", "0.2"]),
        ([1e-10, 3e-10], False, ["1e-10", "1.5e-10", "2e-10", "2.5e-10", "3e-10"]),
    ],
)
def test_axes_have_round_numbers(values, logarithmic, numbers):
    assert [number for _, number in drawn(values, logarithmic=logarithmic).y_ticks] == numbers


def test_one_value_is_a_point():
    one = drawn([0.25])
    assert [words for *_, words in one.curves[0].marks] == ["0.25 after 1"]


def test_many_values_share_points_between_their_least_and_greatest():
    values = np.random.default_rng(0).random(10_000) + 1
    curve = drawn(values).curves[0]
    assert len(corners(curve.line)) == BINS
    assert len(corners(curve.area)) == 2 * BINS
    assert not curve.marks


def test_without_a_value_nothing_is_drawn():
    assert drawn([np.nan]) is None
    assert drawn([0, -1], logarithmic=True) is None
    assert chart("loss", []) is None


def test_a_matrix_says_what_share_of_a_row_is_where():
    one = matrix(np.array([[3, 1], [0, 0]]), ["cat", "dog"])
    assert [(cell.share, cell.digits, cell.words) for cell in one.cells] == [
        (0.75, "75", "cat taken for cat: 75.0%"),
        (0.25, "25", "cat taken for dog: 25.0%"),
    ]
    assert one.cells[0].x == one.cells[0].y == one.margin
    assert one.cells[1].x == one.margin + one.cell


def test_cells_of_many_classes_are_small_and_without_numbers():
    one = matrix(np.eye(60, dtype=int), [f"class {number}" for number in range(60)])
    assert (one.cell, len(one.cells)) == (CELL, 60)
    assert not any(cell.digits for cell in one.cells)
