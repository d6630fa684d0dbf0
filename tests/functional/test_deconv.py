"""Transposed convolution, held to hand-made numbers, to its plain loops and to convolution."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.cases import deconv_cases, inner, normal
from hypothesis import given

from minifcn.functional.conv import conv2d_forward
from minifcn.functional.deconv import deconv2d_backward, deconv2d_forward


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


def run(dtype=np.float64):
    """Return the output and all gradients of a deconvolution with two groups."""
    x, weight = normal(1, 3, 4, 9, 5, dtype=dtype), normal(2, 4, 3, 3, 4, dtype=dtype)
    options = {"stride": (2, 3), "pad": (1, 0), "groups": 2}
    y, cache = deconv2d_forward(x, weight, normal(3, 6, dtype=dtype), **options)
    return [y, *deconv2d_backward(normal(4, *y.shape, dtype=dtype), cache)]


def test_float32_in_float32_out():
    for small, exact in zip(run(np.float32), run(), strict=True):
        assert small.dtype == np.float32
        # Sums of a few hundred products: 1e-5 of the largest is 80 roundings.
        np.testing.assert_allclose(small, exact, rtol=1e-5, atol=1e-5 * abs(exact).max())


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


def test_what_is_not_needed_is_not_computed():
    y, cache = deconv2d_forward(normal(1, 1, 2, 4, 5), normal(2, 2, 3, 2, 3))
    assert deconv2d_backward(y, cache, need_dx=False)[0] is None
    assert deconv2d_backward(y, cache, need_grads=False)[1:] == (None, None)


def test_wrong_channels_are_refused():
    with pytest.raises(ValueError, match="expects 4 input channels, got 3"):
        deconv2d_forward(np.zeros((1, 3, 5, 5)), np.zeros((4, 3, 3, 3)))


def test_padding_that_leaves_nothing_is_refused():
    message = r"cutting \(1, 2\) pixels from each side leaves nothing of an output of \(3, 4\)"
    with pytest.raises(ValueError, match=message):
        deconv2d_forward(np.zeros((1, 1, 1, 1)), np.zeros((1, 1, 3, 4)), pad=(1, 2))
