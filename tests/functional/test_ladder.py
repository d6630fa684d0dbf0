"""The ladder: plain loops -> im2col -> what the package computes with, each held to the one before.

One table of examples drives all rungs, forwards and backwards; hypothesis adds windows that nobody
thought of. The lowest rung is held to differences of its own forward pass.
"""

from __future__ import annotations

import numpy as np
import pytest
from helpers.cases import EXAMPLES, Case, conv_cases, deconv_cases, pool_cases
from helpers.ladder import arrays_of, assert_same, dy_of, options_of, ours, plain
from hypothesis import given

from minifcn.functional import naive
from minifcn.functional.window import Window
from minifcn.functional.im2col import im2col_backward_data, im2col_backward_weights, im2col_forward
from minifcn.net.gradcheck import check_function

examples = pytest.mark.parametrize(
    ("operation", "case"),
    [
        pytest.param(operation, case, id=f"{operation} {case.x_shape} {case.options}")
        for operation, cases in EXAMPLES.items()
        for case in cases
    ],
)
convolutions = pytest.mark.parametrize("case", EXAMPLES["conv2d"], ids=str)


@pytest.mark.host  # the plain loops are the host's
@examples
def test_plain_gradients_are_the_derivatives_of_the_plain_loops(operation, case):
    arrays = {name: array.copy() for name, array in arrays_of(operation, case).items()}
    y, *gradients = plain(operation, case, arrays)
    dy, options = dy_of(y), options_of(operation, case)
    report = check_function(
        lambda: float((getattr(naive, operation)(*arrays.values(), **options) * dy).sum()),
        arrays,
        dict(zip(arrays, gradients, strict=True)),
        entries=6,
    )
    assert report.ok, f"\n{report}"


@examples
def test_the_package_computes_what_the_plain_loops_do(operation, case):
    arrays = arrays_of(operation, case)
    assert_same(ours(operation, case, arrays), plain(operation, case, arrays))


@pytest.mark.parametrize("operation", ["max_pool", "relu"])
def test_so_it_does_where_there_are_ties_and_zeros(operation):
    for case in EXAMPLES[operation]:
        arrays = arrays_of(operation, case, ties=True)
        assert_same(ours(operation, case, arrays), plain(operation, case, arrays))


@given(conv_cases())
def test_any_convolution(case):
    arrays = arrays_of("conv2d", case)
    expected = plain("conv2d", case, arrays)
    assert_same(ours("conv2d", case, arrays), expected)
    assert_same(by_im2col(case, arrays), expected)


@given(deconv_cases())
def test_any_deconvolution(case):
    arrays = arrays_of("deconv2d", case)
    assert_same(ours("deconv2d", case, arrays), plain("deconv2d", case, arrays))


@pytest.mark.parametrize("operation", ["max_pool", "avg_pool"])
@given(pool_cases())
def test_any_pooling(operation, case):
    arrays = arrays_of(operation, case)
    assert_same(ours(operation, case, arrays), plain(operation, case, arrays))


def by_im2col(case: Case, arrays: dict[str, np.ndarray]) -> list[np.ndarray]:
    x, weight, bias = arrays.values()
    options = dict(case.options)
    groups = options.pop("groups", 1)
    window = Window(weight.shape[2:], **options)
    y = im2col_forward(x, weight, bias, window, groups)
    dy = dy_of(y)
    dx = im2col_backward_data(dy, weight, x.shape, window, groups)
    dweight = im2col_backward_weights(x, dy, weight.shape, window, groups)
    return [y, dx, dweight, dy.sum(axis=(0, 2, 3))]


@convolutions
def test_convolution_by_im2col_is_what_the_plain_loops_do(case):
    arrays = arrays_of("conv2d", case)
    assert_same(by_im2col(case, arrays), plain("conv2d", case, arrays))
