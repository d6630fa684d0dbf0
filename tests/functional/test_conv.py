"""Convolution, held to hand-made numbers; see also test_ladder.py, test_paths.py."""

import numpy as np
import pytest

from minifcn.functional.conv import conv2d_backward, conv2d_forward

IMAGE = np.array([[[[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]]])


def test_values_by_hand_and_the_kernel_is_not_flipped():
    kernel = np.array([[[[1.0, 10], [100, 1000]]]])
    y, _ = conv2d_forward(IMAGE, kernel, np.array([0.5]))
    assert y[0, 0].tolist() == [[5421.5, 6532.5], [8754.5, 9865.5]]


def test_padding_stride_and_dilation_by_hand():
    corner = np.array([[[[1.0, 0], [0, 0]]]])
    padded, _ = conv2d_forward(IMAGE, corner, pad=(1, 1))
    assert padded[0, 0].tolist() == [[0, 0, 0, 0], [0, 1, 2, 3], [0, 4, 5, 6], [0, 7, 8, 9]]
    strided, _ = conv2d_forward(IMAGE, corner, pad=(1, 1), stride=(3, 2))
    assert strided[0, 0].tolist() == [[0, 0], [0, 8]]
    dilated, _ = conv2d_forward(IMAGE, np.array([[[[1.0, 10], [100, 1000]]]]), dilation=(2, 2))
    assert dilated[0, 0].tolist() == [[9731]]


def test_a_group_sees_its_own_channels_only():
    x = np.array([1.0, 10, 100, 1000]).reshape(1, 4, 1, 1)
    weight = np.ones((2, 2, 1, 1))
    y, _ = conv2d_forward(x, weight, groups=2)
    assert y.ravel().tolist() == [11, 1100]


def test_gradients_by_hand():
    kernel = np.array([[[[1.0, 10], [100, 1000]]]])
    dy = np.array([[[[1.0, 0], [0, 2]]]])
    _, cache = conv2d_forward(IMAGE, kernel, np.zeros(1))
    dx, dweight, dbias = conv2d_backward(dy, cache)
    assert dx[0, 0].tolist() == [[1, 10, 0], [100, 1002, 20], [0, 200, 2000]]
    assert dweight[0, 0].tolist() == [[1 + 2 * 5, 2 + 2 * 6], [4 + 2 * 8, 5 + 2 * 9]]
    assert dbias.tolist() == [3]


@pytest.mark.parametrize(
    ("x", "weight", "options", "message"),
    [
        ((1, 3, 5, 5), (4, 3, 3, 3), {"groups": 2}, r"with 2 group\(s\) expects 6 input .* got 3"),
        ((1, 6, 5, 5), (5, 3, 3, 3), {"groups": 2}, "groups?"),
        (
            *((1, 1, 2, 9), (1, 1, 3, 3), {"pad": (1, 0), "dilation": (2, 1)}),
            r"kernel of \(5, 3\) pixels does not fit into an image of \(2, 9\) padded by \(1, 0\)",
        ),
    ],
)
def test_what_does_not_fit_is_refused(x, weight, options, message):
    with pytest.raises(ValueError, match=message):
        conv2d_forward(np.zeros(x), np.zeros(weight), **options)
