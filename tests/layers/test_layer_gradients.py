"""Every layer's gradients against central differences, over many shapes and options."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.cases import conv_cases, deconv_cases, pool_cases
from hypothesis import given, settings
from hypothesis import strategies as st

from minifcn.layers import (
    LRN,
    AvgPool2d,
    Concat,
    Conv2d,
    Crop,
    Deconv2d,
    Dropout,
    EltwiseSum,
    Layer,
    Linear,
    MaxPool2d,
    ReLU,
    Scale,
    SoftmaxLoss,
)
from minifcn.net.gradcheck import check_layer

sizes = st.integers(1, 5)
shapes = st.tuples(st.integers(1, 3), st.integers(1, 4), sizes, sizes)
few = settings(max_examples=30)  # a check runs a layer some hundred times


def assert_right(layer: Layer, *shapes: tuple[int, ...], **options) -> None:
    report = check_layer(layer, *shapes, entries=15, **options)
    assert report.ok, f"\n{report}"


@few
@given(conv_cases(), st.booleans())
def test_conv2d(case, bias):
    filters, channels, *kernel = case.weight_shape
    channels *= case.options["groups"]
    layer = Conv2d(channels, filters, tuple(kernel), bias=bias, **case.options)
    assert_right(layer, case.x_shape)


@few
@given(deconv_cases(), st.booleans())
def test_deconv2d(case, bias):
    channels, filters, *kernel = case.weight_shape
    filters *= case.options["groups"]
    layer = Deconv2d(channels, filters, tuple(kernel), bias=bias, **case.options)
    assert_right(layer, case.x_shape)


@few
@given(pool_cases())
def test_max_pooling(case):
    assert_right(MaxPool2d(**case.options), case.x_shape)


@few
@given(pool_cases())
def test_average_pooling(case):
    assert_right(AvgPool2d(**case.options), case.x_shape)


@few
@given(shapes)
def test_relu(shape):
    assert_right(ReLU(), shape)


@few
@given(
    shapes,
    st.sampled_from([1, 3, 5, 9]),
    st.floats(0.1, 3),
    st.floats(0.25, 1.5),
    st.floats(0.5, 2),
)
def test_lrn(shape, local_size, alpha, beta, k):
    # With a large alpha the derivative has zeros near which any difference is inexact: 1e-5.
    assert_right(LRN(local_size, alpha=alpha, beta=beta, k=k), shape, tolerance=1e-5)


@few
@given(shapes, st.floats(0, 0.9))
def test_dropout(shape, ratio):
    assert_right(Dropout(ratio), shape)


@few
@given(shapes, st.integers(1, 5))
def test_linear(shape, filters):
    assert_right(Linear(int(np.prod(shape[1:])), filters), shape)


@few
@given(shapes)
def test_scale(shape):
    assert_right(Scale(shape[1], 0.01), shape)


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


@few
@given(
    shapes,
    st.sampled_from(["valid", "batch", "none"]),
    st.booleans(),
    st.sampled_from([255, 1]),
    st.integers(0, 99),
)
def test_softmax_loss(shape, normalization, weighted, ignore_index, seed):
    n, _, h, w = shape
    classes = 3
    rng = np.random.default_rng(seed)
    label = rng.integers(0, classes, (n, h, w))
    label[rng.random(label.shape) < 0.3] = ignore_index
    label[0, 0, 0] = 2  # one pixel at least has a class
    layer = SoftmaxLoss(
        normalization, ignore_index=ignore_index, class_weight=[0.5, 2, 3] if weighted else None
    )
    scores = rng.standard_normal((n, classes, h, w))
    assert_right(layer, inputs=[scores, label])


@pytest.mark.parametrize("groups", [1, 21])
def test_bilinear_upsampling_of_the_reference_size(groups):
    assert_right(Deconv2d(21, 21, 4, stride=2, groups=groups, bilinear=True), (1, 21, 3, 4))
