"""Convolution, held to hand-made numbers, to its plain loops and to its own transpose."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.cases import conv_cases, normal
from hypothesis import given

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


@given(conv_cases())
def test_float32_in_float32_out(case):
    x, weight = normal(1, *case.x_shape), normal(2, *case.weight_shape)
    y, cache = conv2d_forward(x, weight, **case.options)
    dx, dweight, _ = conv2d_backward(y, cache)
    small = [array.astype(np.float32) for array in (x, weight)]
    y32, cache = conv2d_forward(*small, **case.options)
    gradients = conv2d_backward(y32, cache)
    assert all(array.dtype == np.float32 for array in (y32, *gradients))
    # A sum of 18 products or so, and for the weights of all positions: 1e-4 is 800 roundings.
    for ours, exact in ((y32, y), (gradients[0], dx), (gradients[1], dweight)):
        np.testing.assert_allclose(ours, exact, rtol=1e-4, atol=1e-4 * max(1, abs(exact).max()))


def run(dtype=np.float64):
    """Return the output and all gradients of a convolution with two groups, 9 rows of output."""
    x, weight = normal(1, 3, 4, 17, 8, dtype=dtype), normal(2, 6, 2, 3, 2, dtype=dtype)
    bias = normal(3, 6, dtype=dtype)
    options = {"stride": (2, 1), "pad": (1, 0), "dilation": (1, 2), "groups": 2}
    y, cache = conv2d_forward(x, weight, bias, **options)
    return [y, *conv2d_backward(normal(4, *y.shape, dtype=dtype), cache)]


def test_strips_do_not_change_the_result(monkeypatch):
    whole = run()
    monkeypatch.setattr("minifcn.functional.fast.strips.STRIP_BYTES", 1)
    for ours, expected in zip(run(), whole, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)


def test_threads_do_not_change_the_result(threads, small_strips):
    threads(1)
    alone = run()
    threads(2)
    for ours, expected in zip(run(), alone, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)


def test_the_same_call_gives_the_same_bits(threads, small_strips):
    threads(2)
    for ours, again in zip(run(np.float32), run(np.float32), strict=True):
        np.testing.assert_array_equal(ours, again)


def test_inputs_that_are_not_contiguous():
    x, weight = normal(1, 2, 3, 6, 7), normal(2, 4, 3, 3, 2)
    y, cache = conv2d_forward(x, weight)
    dx, dweight, _ = conv2d_backward(y, cache)
    turned = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    dy = np.concatenate([y, y], axis=1)[:, 4:]
    other, cache = conv2d_forward(turned, weight)
    np.testing.assert_allclose(other, y)
    np.testing.assert_allclose(conv2d_backward(dy, cache)[0], dx)
    np.testing.assert_allclose(conv2d_backward(dy, cache)[1], dweight)


def test_what_is_not_needed_is_not_computed():
    y, cache = conv2d_forward(normal(1, 1, 2, 4, 5), normal(2, 3, 2, 2, 3))
    assert conv2d_backward(y, cache, need_dx=False)[0] is None
    assert conv2d_backward(y, cache, need_grads=False)[1:] == (None, None)


def test_wrong_channels_are_refused():
    with pytest.raises(ValueError, match=r"with 2 group\(s\) expects 6 input channels, got 3"):
        conv2d_forward(np.zeros((1, 3, 5, 5)), np.zeros((4, 3, 3, 3)), groups=2)
    with pytest.raises(ValueError, match="groups?"):
        conv2d_forward(np.zeros((1, 6, 5, 5)), np.zeros((5, 3, 3, 3)), groups=2)


def test_an_image_smaller_than_the_kernel_is_refused():
    message = r"kernel of \(5, 3\) pixels does not fit into an image of \(2, 9\) padded by \(1, 0\)"
    with pytest.raises(ValueError, match=message):
        conv2d_forward(np.zeros((1, 1, 2, 9)), np.zeros((1, 1, 3, 3)), pad=(1, 0), dilation=(2, 1))
