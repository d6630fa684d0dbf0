"""The bilinear kernel: published numbers, and the interpolation it is for."""

import numpy as np
import pytest
from helpers.cases import inner, normal
from hypothesis import given, settings
from hypothesis import strategies as st

from minifcn.functional import naive
from minifcn.functional.bilinear import bilinear_kernel, bilinear_weight
from minifcn.functional.deconv import deconv2d_backward, deconv2d_forward
from minifcn.net.gradcheck import check_function


def test_size_4_by_hand():
    ramp = np.array([1, 3, 3, 1]) / 4
    np.testing.assert_array_equal(bilinear_kernel(4), np.outer(ramp, ramp))


def test_size_3_by_hand():
    ramp = np.array([1, 2, 1]) / 2
    np.testing.assert_array_equal(bilinear_kernel(3), np.outer(ramp, ramp))


def test_the_kernels_of_the_reference_nets():
    # FCN-32s: size 64 rises by 1/64, 3/64, ...; FCN-AlexNet: size 63 has its peak of 1 at 31.
    even = bilinear_kernel(64, np.float64)
    np.testing.assert_allclose(even[31] / even[31, 31] * 63, [*range(1, 64, 2), *range(63, 0, -2)])
    assert even[0, 0] == 1 / 64**2
    odd = bilinear_kernel(63, np.float64)
    assert odd[31, 31] == 1 == odd.max()


@pytest.mark.parametrize("size", [2, 3, 4, 7, 8, 16, 32, 63, 64])
def test_overlapping_stamps_add_up_to_one(size):
    factor = (size + 1) // 2
    y, _ = deconv2d_forward(
        np.ones((1, 1, 4, 5)), bilinear_weight(1, size).astype(np.float64), stride=(factor, factor)
    )
    inside = y[0, 0, factor:-factor, factor:-factor]
    np.testing.assert_allclose(inside, 1, rtol=1e-12)


@given(st.integers(1, 4), st.booleans(), st.integers(0, 2), st.integers(1, 4), st.integers(1, 4))
def test_deconvolution_with_it_interpolates(factor, odd, pad, h, w):
    size = 2 * factor - odd
    pad = min(pad, (size - 1) // 2)
    x = normal(1, 2, 3, h, w)
    weight = bilinear_weight(3, size).astype(np.float64)
    y, _ = deconv2d_forward(x, weight, stride=(factor, factor), pad=(pad, pad))
    expected = naive.bilinear_upsampling(x, factor, odd=odd, pad=pad)
    # The weight is stored in float32, and thirds are not exact in it.
    np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-6)


@settings(max_examples=25)  # the plain loops take a while
@given(st.integers(1, 4), st.booleans(), st.integers(0, 2), st.integers(1, 4), st.integers(1, 4))
def test_its_way_back_is_the_convolution_with_the_kernel(factor, odd, pad, h, w):
    size = 2 * factor - odd
    pad = min(pad, (size - 1) // 2)
    x, weight = normal(1, 2, 3, h, w), bilinear_weight(3, size).astype(np.float64)
    y, cache = deconv2d_forward(x, weight, stride=(factor, factor), pad=(pad, pad))
    dy = normal(2, *y.shape)
    expected = naive.bilinear_upsampling_backward(dy, x.shape, factor, odd=odd, pad=pad)
    dx, *_ = deconv2d_backward(dy, cache)
    np.testing.assert_allclose(dx, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.host  # the plain loops are the host's
@pytest.mark.parametrize(("factor", "odd", "pad"), [(2, False, 1), (3, True, 0)])
def test_the_plain_way_back_is_the_derivative_of_the_plain_loops(factor, odd, pad):
    x = normal(1, 2, 1, 3, 4).copy()
    y = naive.bilinear_upsampling(x, factor, odd=odd, pad=pad)
    dy = normal(2, *y.shape)
    dx = naive.bilinear_upsampling_backward(dy, x.shape, factor, odd=odd, pad=pad)
    report = check_function(
        lambda: inner(naive.bilinear_upsampling(x, factor, odd=odd, pad=pad), dy),
        {"x": x},
        {"x": dx},
    )
    assert report.ok, f"\n{report}"


def test_a_ramp_stays_a_ramp():
    x = np.arange(5.0).reshape(1, 1, 1, 5).repeat(3, axis=2)
    y, _ = deconv2d_forward(x, bilinear_weight(1, 4).astype(np.float64), stride=(2, 2), pad=(1, 1))
    assert y[0, 0, 2, 1:-1].tolist() == [0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75]


def test_channels_do_not_mix():
    dense, grouped = (bilinear_weight(3, 4, groups).astype(np.float64) for groups in (1, 3))
    assert dense.shape == (3, 3, 4, 4) and grouped.shape == (3, 1, 4, 4)
    assert np.count_nonzero(dense) == 3 * 16
    x = normal(1, 2, 3, 4, 5)
    ours, _ = deconv2d_forward(x, grouped, stride=(2, 2), groups=3)
    expected, _ = deconv2d_forward(x, dense, stride=(2, 2))
    np.testing.assert_allclose(ours, expected, rtol=1e-12)
