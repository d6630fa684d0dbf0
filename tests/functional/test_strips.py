"""im2col and col2im: what the window sees, and its transpose."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.cases import Case, conv_cases, inner, normal
from hypothesis import given
from hypothesis import strategies as st

from minifcn.functional.fast.strips import col2im, im2col, strips
from minifcn.functional.window import Window


def window_of(case: Case) -> Window:
    options = case.options
    return Window(case.weight_shape[2:], options["stride"], options["pad"], options["dilation"])


def test_columns_by_hand():
    x = np.array([[[1, 2, 3], [4, 5, 6]]])
    columns = im2col(x, Window((2, 2)), slice(0, 1))
    assert columns.tolist() == [[1, 2], [2, 3], [4, 5], [5, 6]]


def test_columns_with_padding_and_stride_by_hand():
    x = np.array([[[1, 2, 3], [4, 5, 6]]])
    # Padded by one column on each side: 0 1 2 3 0 / 0 4 5 6 0, seen two by two at columns 0 and 2.
    columns = im2col(x, Window((2, 2), stride=(1, 2), pad=(0, 1)), slice(0, 1))
    assert columns.tolist() == [[0, 2], [1, 3], [0, 5], [4, 6]]


def test_columns_with_dilation_by_hand():
    x = np.arange(5).reshape(1, 1, 5)
    columns = im2col(x, Window((1, 2), dilation=(1, 3)), slice(0, 1))
    assert columns.tolist() == [[0, 1], [3, 4]]


def test_a_pixel_collects_from_all_windows_that_saw_it():
    dx = np.zeros((1, 2, 3))
    col2im(np.ones((4, 2)), dx, Window((2, 2)), slice(0, 1))
    assert dx.tolist() == [[[1, 2, 1], [1, 2, 1]]]


@given(conv_cases(), st.data())
def test_columns_are_what_the_formula_says(case, data):
    x, window = normal(1, *case.x_shape)[0], window_of(case)
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = window
    oh, ow = window.output_size(x.shape[1:])
    start = data.draw(st.integers(0, oh - 1))
    rows = slice(start, data.draw(st.integers(start + 1, oh)))
    xpad = np.pad(x, ((0, 0), (ph, ph), (pw, pw)))
    columns = im2col(x, window, rows).reshape(len(x), kh, kw, rows.stop - rows.start, ow)
    for c, a, b, i, j in np.ndindex(columns.shape):
        seen = xpad[c, (rows.start + i) * sh + a * dh, j * sw + b * dw]
        assert columns[c, a, b, i, j] == seen


@given(conv_cases(), st.data())
def test_col2im_is_the_transpose_of_im2col(case, data):
    x, window = normal(1, *case.x_shape)[0], window_of(case)
    oh, _ = window.output_size(x.shape[1:])
    start = data.draw(st.integers(0, oh - 1))
    rows = slice(start, data.draw(st.integers(start + 1, oh)))
    columns = im2col(x, window, rows)
    other, dx = normal(2, *columns.shape), np.zeros(x.shape)
    col2im(other, dx, window, rows)
    assert inner(columns, other) == pytest.approx(inner(x, dx), rel=1e-12, abs=1e-12)


def test_output_size_and_extent():
    window = Window((3, 2), stride=(2, 3), pad=(1, 0), dilation=(2, 4))
    assert window.extent() == (5, 5)
    assert window.output_size((8, 12)) == (3, 3)  # (8+2-5)//2+1 and (12-5)//3+1


@given(st.integers(1, 50), st.integers(1, 1 << 22), st.integers(0, 1 << 24))
def test_strips_cover_every_row_once(height, row_bytes, weight_bytes):
    cuts = list(strips(np, height, row_bytes=row_bytes, weight_bytes=weight_bytes))
    assert [row for cut in cuts for row in range(cut.start, cut.stop)] == list(range(height))


def test_the_columns_are_a_copy_and_keep_the_dtype():
    x = normal(1, 2, 3, 4, dtype=np.float32)
    columns = im2col(x, Window((1, 1)), slice(0, 3))
    assert columns.dtype == np.float32 and not np.shares_memory(columns, x)
