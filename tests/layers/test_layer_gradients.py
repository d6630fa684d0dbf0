"""Every layer's gradients against central differences, over the table of examples and more.

The operations in them are held to their plain loops, whose gradients are checked so as well, over
many more shapes: see functional/test_ladder.py.
"""

import pytest
from helpers.ladder import examples
from helpers.layer_cases import JOINS, example_of
from hypothesis import given, settings
from hypothesis import strategies as st

from minifcn.layers import Concat, Crop, Deconv2d, EltwiseSum, Layer
from minifcn.net.gradcheck import check_layer

sizes = st.integers(1, 5)
shapes = st.tuples(st.integers(1, 3), st.integers(1, 4), sizes, sizes)
few = settings(max_examples=30)  # a check runs a layer some hundred times


def assert_right(layer: Layer, *shapes: tuple[int, ...], **options) -> None:
    report = check_layer(layer, *shapes, entries=15, **options)
    assert report.ok, f"\n{report}"


@examples
def test_an_operation_in_a_layer(operation, case):
    layer, bottoms = example_of(operation, case)
    inputs = [bottom.copy() for bottom in bottoms]
    # With a large alpha the derivative of LRN has zeros near which any difference is inexact.
    assert_right(layer, inputs=inputs, tolerance=1e-5 if operation == "lrn" else 1e-6)


@pytest.mark.parametrize("name", JOINS)
def test_a_layer_that_joins_or_scales(name):
    make, shapes = JOINS[name]
    assert_right(make(), *shapes)


@few
@given(
    shapes, st.lists(st.sampled_from([1, -1, 0.5, 2, -0.25]), min_size=2, max_size=4), st.booleans()
)
def test_sum(shape, coefficients, weighted):
    layer = EltwiseSum(coefficients if weighted else None)
    assert_right(layer, *[shape] * len(coefficients))


@few
@given(shapes, st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_concat(shape, channels):
    n, _, h, w = shape
    assert_right(Concat(), *((n, c, h, w) for c in channels))


@few
@given(shapes, st.integers(0, 3), st.integers(0, 3), st.integers(0, 2), st.integers(0, 2))
def test_crop(shape, top, left, bottom, right):
    n, c, h, w = shape
    assert_right(Crop((top, left)), (n, c, top + h + bottom, left + w + right), (n, 1, h, w))


@pytest.mark.parametrize("groups", [1, 21])
def test_bilinear_upsampling_of_the_reference_size(groups):
    assert_right(Deconv2d(21, 21, 4, stride=2, groups=groups, bilinear=True), (1, 21, 3, 4))
