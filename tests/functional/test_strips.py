"""The strips that a convolution is cut into."""

import numpy as np
import pytest
from helpers.cases import normal
from hypothesis import given
from hypothesis import strategies as st

from minifcn.functional.conv import conv2d_backward, conv2d_forward
from minifcn.functional.deconv import deconv2d_backward, deconv2d_forward
from minifcn.functional.fast.strips import strips


@given(st.integers(1, 50), st.integers(1, 1 << 22), st.integers(0, 1 << 24))
def test_strips_cover_every_row_once(height, row_bytes, weight_bytes):
    cuts = list(strips(np, height, row_bytes=row_bytes, weight_bytes=weight_bytes))
    assert [row for cut in cuts for row in range(cut.start, cut.stop)] == list(range(height))


def convolution(dtype):
    """Return the output and all gradients of a convolution with two groups, 9 rows of output."""
    x, weight, bias = (normal(n, *shape, dtype=dtype) for n, shape in CONV.items())
    options = {"stride": (2, 1), "pad": (1, 0), "dilation": (1, 2), "groups": 2}
    y, cache = conv2d_forward(x, weight, bias, **options)
    return [y, *conv2d_backward(normal(4, *y.shape, dtype=dtype), cache)]


def deconvolution(dtype):
    """Return the output and all gradients of a deconvolution with two groups."""
    x, weight, bias = (normal(n, *shape, dtype=dtype) for n, shape in DECONV.items())
    options = {"stride": (2, 3), "pad": (1, 0), "groups": 2}
    y, cache = deconv2d_forward(x, weight, bias, **options)
    return [y, *deconv2d_backward(normal(4, *y.shape, dtype=dtype), cache)]


CONV = {1: (3, 4, 17, 8), 2: (6, 2, 3, 2), 3: (6,)}
DECONV = {1: (3, 4, 9, 5), 2: (4, 3, 3, 4), 3: (6,)}
both = pytest.mark.parametrize("run", [convolution, deconvolution])


@both
def test_float32_in_float32_out(run):
    for small, exact in zip(run(np.float32), run(np.float64), strict=True):
        assert small.dtype == np.float32
        # Sums of a few hundred products: 1e-5 of the largest is 80 roundings.
        np.testing.assert_allclose(small, exact, rtol=1e-5, atol=1e-5 * abs(exact).max())


@both
def test_strips_and_threads_do_not_change_the_result(run, threads, request):
    expected = run(np.float64)
    request.getfixturevalue("small_strips")
    for count in (1, 2):
        threads(count)
        for ours, whole in zip(run(np.float64), expected, strict=True):
            np.testing.assert_allclose(ours, whole, rtol=1e-12, atol=1e-12)
        for ours, again in zip(run(np.float32), run(np.float32), strict=True):
            np.testing.assert_array_equal(ours, again)  # the same bits
