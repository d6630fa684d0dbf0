"""The inner product."""

import numpy as np
import pytest
from helpers.cases import normal

from minifcn.functional.conv import conv2d_forward
from minifcn.functional.linear import linear_backward, linear_forward


def test_values_and_gradients_by_hand():
    x, weight = np.array([[1.0, 2]]), np.array([[1.0, 10], [100, 1000], [0, 1]])
    y, cache = linear_forward(x, weight, np.array([0.5, 0, 0]))
    assert y.tolist() == [[21.5, 2100, 2]]
    dx, dweight, dbias = linear_backward(np.array([[1.0, 2, 3]]), cache)
    assert dx.tolist() == [[201, 2013]]
    assert dweight.tolist() == [[1, 2], [2, 4], [3, 6]]
    assert dbias.tolist() == [1, 2, 3]


def test_it_is_a_convolution_with_a_kernel_as_large_as_the_image():
    # What section 3.1 of the paper rests on: fc6 slides once its weight is seen as a kernel.
    x, weight, bias = normal(1, 2, 3, 4, 5), normal(2, 7, 60), normal(3, 7)
    y, _ = linear_forward(x, weight, bias)
    convolved, _ = conv2d_forward(x, weight.reshape(7, 3, 4, 5), bias)
    np.testing.assert_allclose(convolved[:, :, 0, 0], y, rtol=1e-12)


def test_an_image_of_another_size_is_refused():
    with pytest.raises(ValueError, match="expected 60 values an image, got 75.*one size only"):
        linear_forward(np.zeros((2, 3, 5, 5)), np.zeros((7, 60)), np.zeros(7))
