"""im2col and col2im, whole and a few rows at a time: what the window sees, and its transpose."""

import numpy as np
import pytest
from helpers.cases import Case, conv_cases, inner, normal
from hypothesis import given
from hypothesis import strategies as st

from minifcn.functional.fast.columns import col2im_rows, im2col_rows
from minifcn.functional.im2col import col2im, im2col
from minifcn.functional.window import Window

IMAGE = np.array([[[[1, 2, 3], [4, 5, 6]]]])


def window_of(case: Case) -> Window:
    options = case.options
    return Window(case.weight_shape[2:], options["stride"], options["pad"], options["dilation"])


@pytest.mark.parametrize(
    ("x", "window", "columns"),
    [
        (IMAGE, Window((2, 2)), [[1, 2], [2, 3], [4, 5], [5, 6]]),
        # Padded by a column on each side: 0 1 2 3 0 / 0 4 5 6 0, seen two by two at columns 0, 2.
        (IMAGE, Window((2, 2), (1, 2), (0, 1)), [[0, 2], [1, 3], [0, 5], [4, 6]]),
        (np.arange(5).reshape(1, 1, 1, 5), Window((1, 2), dilation=(1, 3)), [[0, 1], [3, 4]]),
    ],
)
def test_columns_by_hand(x, window, columns):
    assert im2col(x, window)[0].tolist() == columns


def test_a_pixel_collects_from_all_windows_that_it_lies_in():
    dx = col2im(np.ones((1, 4, 2)), (1, 1, 2, 3), Window((2, 2)))
    assert dx[0].tolist() == [[[1, 2, 1], [1, 2, 1]]]


@given(conv_cases())
def test_columns_are_what_the_formula_says(case):
    x, window = normal(1, *case.x_shape), window_of(case)
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = window
    oh, ow = window.output_size(x.shape[2:])
    xpad = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    columns = im2col(x, window).reshape(*x.shape[:2], kh, kw, oh, ow)
    for n, c, a, b, i, j in np.ndindex(columns.shape):
        assert columns[n, c, a, b, i, j] == xpad[n, c, i * sh + a * dh, j * sw + b * dw]


@given(conv_cases())
def test_col2im_is_the_transpose_of_im2col(case):
    x, window = normal(1, *case.x_shape), window_of(case)
    columns = im2col(x, window)
    other = normal(2, *columns.shape)
    dx = col2im(other, x.shape, window)
    assert inner(columns, other) == pytest.approx(inner(x, dx), rel=1e-12, abs=1e-12)


@given(conv_cases(), st.data())
def test_the_columns_of_some_rows_are_a_part_of_all(case, data):
    x, window = normal(1, *case.x_shape), window_of(case)
    oh, ow = window.output_size(x.shape[2:])
    start = data.draw(st.integers(0, oh - 1))
    rows = slice(start, data.draw(st.integers(start + 1, oh)))
    part = im2col(x, window)[0].reshape(-1, oh, ow)[:, rows]
    np.testing.assert_array_equal(im2col_rows(x[0], window, rows), part.reshape(len(part), -1))

    # And back: as if the columns of all other rows were zero.
    dcolumns = normal(2, *part.shape)
    whole = np.zeros((1, len(part), oh, ow))
    whole[0, :, rows] = dcolumns
    dx = np.zeros(x.shape[1:])
    col2im_rows(dcolumns.reshape(len(part), -1), dx, window, rows)
    expected = col2im(whole.reshape(1, len(part), -1), (1, *x.shape[1:]), window)[0]
    np.testing.assert_allclose(dx, expected, atol=1e-13)


@pytest.mark.parametrize("window", [Window((1, 1)), Window((2, 2))])
def test_the_columns_are_a_copy_and_keep_the_dtype(window):
    x = normal(1, 1, 2, 3, 4, dtype=np.float32)
    rows = slice(0, window.output_size((3, 4))[0])
    for columns in (im2col(x, window), im2col_rows(x[0], window, rows)):
        assert columns.dtype == np.float32 and not np.shares_memory(columns, x)
