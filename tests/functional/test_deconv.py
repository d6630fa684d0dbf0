"""Transposed convolution, held to hand-made numbers, to its plain loops and to convolution."""

import numpy as np
import pytest
from helpers.cases import deconv_cases, inner, normal
from hypothesis import given

from minifcn.functional.conv import conv2d_forward
from minifcn.functional.deconv import deconv2d_forward


def test_stamps_by_hand():
    x = np.array([[[[1.0, 2]]]])
    kernel = np.array([[[[1.0, 10, 100]]]])
    y, _ = deconv2d_forward(x, kernel, np.array([0.5]), stride=(1, 2))
    # 1 10 100 at column 0 and twice that at column 2: they meet there.
    assert y[0, 0].tolist() == [[1.5, 10.5, 102.5, 20.5, 200.5]]
    cut, _ = deconv2d_forward(x, kernel, stride=(1, 2), pad=(0, 1))
    assert cut[0, 0].tolist() == [[10, 102, 20]]


def test_a_stride_larger_than_the_kernel_leaves_gaps():
    y, _ = deconv2d_forward(np.ones((1, 1, 2, 2)), np.ones((1, 1, 1, 2)), stride=(2, 3))
    assert y[0, 0].tolist() == [[1, 1, 0, 1, 1], [0, 0, 0, 0, 0], [1, 1, 0, 1, 1]]


@given(deconv_cases())
def test_it_is_the_transpose_of_the_convolution(case):
    # <conv z, x> = <z, deconv x>, with one weight for both.
    x, weight = normal(1, *case.x_shape), normal(2, *case.weight_shape)
    y, _ = deconv2d_forward(x, weight, **case.options)
    z = normal(3, *y.shape)
    convolved, _ = conv2d_forward(z, weight, **case.options)
    assert inner(convolved, x) == pytest.approx(inner(z, y), rel=1e-11, abs=1e-11)


def test_wrong_channels_are_refused():
    with pytest.raises(ValueError, match="expects 4 input channels, got 3"):
        deconv2d_forward(np.zeros((1, 3, 5, 5)), np.zeros((4, 3, 3, 3)))


def test_padding_that_leaves_nothing_is_refused():
    message = r"cutting \(1, 2\) pixels from each side leaves nothing of an output of \(3, 4\)"
    with pytest.raises(ValueError, match=message):
        deconv2d_forward(np.zeros((1, 1, 1, 1)), np.zeros((1, 1, 3, 4)), pad=(1, 2))
