"""The rectified linear unit."""

import numpy as np

from minifcn.functional.relu import add_bias, relu_backward, relu_forward


def test_values_and_gradient_by_hand_and_the_gradient_at_zero_is_zero():
    y, cache = relu_forward(np.array([-2.0, 0, 3]))
    assert y.tolist() == [0, 0, 3]
    assert relu_backward(np.array([5.0, 6, 7]), cache).tolist() == [0, 0, 7]


def test_a_bias_is_added_to_each_filter_and_then_rectified():
    values, bias = np.array([[-1.0, 0, 2], [-5, -4, -3]]), np.array([0.5, 4])
    out = np.full((2, 4), 9.0)
    add_bias(values.copy(), bias, out[:, 1:])
    assert out.tolist() == [[9, -0.5, 0.5, 2.5], [9, -1, 0, 1]]
    add_bias(values, bias, values, relu=True)
    assert values.tolist() == [[0, 0.5, 2.5], [0, 0, 1]]
    add_bias(values, None, out[:, :3], relu=True)
    assert out.tolist() == [[0, 0.5, 2.5, 2.5], [0, 0, 1, 1]]
