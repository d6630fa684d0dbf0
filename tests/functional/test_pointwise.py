"""1 x 1 convolution against the sum it is defined by."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minifcn.functional.fast.pointwise import (
    pointwise_backward_data,
    pointwise_backward_weights,
    pointwise_forward,
)

TOLERANCE = {"float64": 1e-13, "float32": 1e-5}  # of the largest value: a sum in another order
# Batch, channels, filters, height, width: wider than tall as matrices, and the other way round.
SIZES = st.tuples(
    st.integers(1, 3), st.integers(1, 40), st.integers(1, 40), st.integers(1, 9), st.integers(1, 9)
)


def draw(sizes, dtype, seed=0):
    n, c, f, h, w = sizes
    rng = np.random.default_rng(seed)
    shapes = (n, c, h, w), (f, c, 1, 1), (f,), (n, f, h, w)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def check(ours, theirs, dtype):
    assert ours.dtype == dtype and ours.shape == theirs.shape
    assert abs(ours - theirs).max() <= TOLERANCE[dtype] * abs(theirs).max()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@given(sizes=SIZES)
@settings(max_examples=30)
def test_all_passes_are_the_sums_of_their_definitions(sizes, dtype):
    x, weight, bias, dy = draw(sizes, dtype)
    matrix = weight[:, :, 0, 0].astype("float64")
    y = np.einsum("fc,nchw->nfhw", matrix, x) + bias[:, None, None]
    check(pointwise_forward(x, weight, bias), y, dtype)
    check(pointwise_backward_data(dy, weight), np.einsum("fc,nfhw->nchw", matrix, dy), dtype)
    dweight = np.einsum("nfhw,nchw->fc", dy.astype("float64"), x)[:, :, None, None]
    check(pointwise_backward_weights(x, dy), dweight, dtype)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_result_does_not_depend_on_the_run(threads, count):
    threads(count)
    x, weight, bias, dy = draw((2, 70, 30, 11, 13), "float32")
    for compute in (
        lambda: pointwise_forward(x, weight, bias),
        lambda: pointwise_backward_data(dy, weight),
        lambda: pointwise_backward_weights(x, dy),
    ):
        assert np.array_equal(compute(), compute())


def test_inputs_are_left_as_they_are_and_need_not_be_contiguous():
    x, weight, bias, dy = draw((2, 3, 4, 5, 6), "float64")
    copies = x.copy(), dy.copy()
    turned = np.ascontiguousarray(x.transpose(0, 1, 3, 2)).transpose(0, 1, 3, 2)
    assert np.array_equal(
        pointwise_forward(turned, weight, bias), pointwise_forward(x, weight, bias)
    )
    pointwise_backward_data(dy, weight)
    pointwise_backward_weights(x, dy)
    assert np.array_equal(x, copies[0]) and np.array_equal(dy, copies[1])
