"""The rectified linear unit."""

from __future__ import annotations

import numpy as np
import pytest
from cases import normal

from minifcn.functional import naive
from minifcn.functional.relu import relu_backward, relu_forward


def test_values_and_gradient_by_hand_and_the_gradient_at_zero_is_zero():
    y, cache = relu_forward(np.array([-2.0, 0, 3]))
    assert y.tolist() == [0, 0, 3]
    assert relu_backward(np.array([5.0, 6, 7]), cache).tolist() == [0, 0, 7]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_equal_the_plain_loops(dtype):
    x = normal(1, 2, 3, 4, 5, dtype=dtype)
    y, cache = relu_forward(x)
    np.testing.assert_array_equal(y, naive.relu(x))
    assert y.dtype == relu_backward(x, cache).dtype == dtype
