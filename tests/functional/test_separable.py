"""Upsampling by two products is the deconvolution, and only what it can compute goes that way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minifcn.functional.bilinear import bilinear_weight
from minifcn.functional.deconv import deconv2d_backward, deconv2d_forward
from minifcn.functional.fast.paths import path_forced
from minifcn.functional.fast.separable import separate

pytestmark = pytest.mark.host  # on a GPU weights are not looked at


def passes(x, weight, dy, **options):
    y, cache = deconv2d_forward(x, weight, **options)
    dx, _, _ = deconv2d_backward(dy, cache, need_grads=False)
    return y, dx


@given(
    size=st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 140)),
    channels=st.integers(1, 4),
    stride=st.sampled_from([1, 2, 4, 8]),  # of which a bilinear weight is exact
    odd=st.booleans(),
    cut=st.integers(0, 3),
    grouped=st.booleans(),
    dtype=st.sampled_from(["float32", "float64"]),
)
@settings(max_examples=60, deadline=None)
def test_it_is_the_deconvolution(size, channels, stride, odd, cut, grouped, dtype):
    n, h, w = size
    kernel = max(1, 2 * stride - odd)
    groups = channels if grouped else 1
    weight = bilinear_weight(channels, kernel, groups).astype(dtype)
    options = {"stride": stride, "pad": min(cut, (kernel - 1) // 2), "groups": groups}
    assert separate(weight, groups) is not None
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, channels, h, w)).astype(dtype)
    with path_forced("im2col"):
        shape = deconv2d_forward(x, weight, **options)[0].shape
        dy = rng.standard_normal(shape).astype(dtype)
        expected = passes(x, weight, dy, **options)
    limit = 1e-5 if dtype == "float32" else 1e-13
    for found, right in zip(passes(x, weight, dy, **options), expected, strict=True):
        assert found.shape == right.shape and found.dtype == right.dtype
        assert np.abs(found - right).max() <= limit * max(1, np.abs(right).max())


def changed(index, value):
    weight = bilinear_weight(3, 4)
    weight[index] = value
    return weight


@pytest.mark.parametrize(
    ("weight", "groups"),
    [
        (changed((0, 1, 2, 2), 1e-3), 1),  # channels are mixed
        (changed((1, 1, 0, 0), 0.5), 1),  # one channel has another kernel
        (np.tile(np.eye(4, dtype=np.float32), (3, 1, 1, 1)), 3),  # no product of two factors
        (np.zeros((3, 3, 4, 4), np.float32), 1),
        (np.ones((4, 2, 3, 3), np.float32), 1),  # not as many outputs as inputs
    ],
)
def test_other_weights_are_left_to_the_convolution(weight, groups):
    assert separate(weight, groups) is None
