"""The ladder: plain loops -> im2col -> what the package computes with, each held to the one before.

One table of examples drives all rungs, forwards and backwards; hypothesis adds windows that nobody
thought of. The lowest rung is held to differences of its own forward pass. The other paths of a
convolution are held to im2col in test_paths.py.
"""

import pytest
from helpers.cases import EXAMPLES, Case, conv_cases, deconv_cases, pool_cases
from helpers.ladder import arrays_of, assert_same, dy_of, examples, options_of, ours, plain
from hypothesis import given

from minifcn.functional import naive
from minifcn.functional.fast.paths import force_path
from minifcn.net.gradcheck import check_function


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


@pytest.mark.parametrize("operation", ["conv2d", "deconv2d"])
def test_so_it_does_by_im2col(operation, forced):
    forced("im2col")
    for case in EXAMPLES[operation]:
        arrays = arrays_of(operation, case)
        assert_same(ours(operation, case, arrays), plain(operation, case, arrays))


@given(conv_cases())
def test_any_convolution(case):
    check_both_rungs("conv2d", case)


@given(deconv_cases())
def test_any_deconvolution(case):
    check_both_rungs("deconv2d", case)


def check_both_rungs(operation: str, case: Case) -> None:
    arrays = arrays_of(operation, case)
    expected = plain(operation, case, arrays)
    assert_same(ours(operation, case, arrays), expected)
    force_path("im2col")
    try:
        assert_same(ours(operation, case, arrays), expected)
    finally:
        force_path(None)


@pytest.mark.parametrize("operation", ["max_pool", "avg_pool"])
@given(pool_cases())
def test_any_pooling(operation, case):
    arrays = arrays_of(operation, case)
    assert_same(ours(operation, case, arrays), plain(operation, case, arrays))
