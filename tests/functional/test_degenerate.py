"""Sizes at and beyond the edge of sense: each configuration is right, or refused in a sentence.

Zero and negative sizes, windows beyond the image, empty batches, images without pixels: whether a
configuration makes sense is said here once more, in the tests' own words.
"""

import numpy as np
import pytest
from helpers.cases import inner, normal
from hypothesis import given, settings
from hypothesis import strategies as st

from minifcn.functional import naive
from minifcn.functional.conv import conv2d_backward, conv2d_forward
from minifcn.functional.deconv import deconv2d_backward, deconv2d_forward
from minifcn.functional.fast.paths import PATHS
from minifcn.functional.linear import linear_backward, linear_forward
from minifcn.functional.lrn import lrn_backward, lrn_forward
from minifcn.functional.pooling import (
    avg_pool_backward,
    avg_pool_forward,
    max_pool_backward,
    max_pool_forward,
)
from minifcn.functional.softmax import softmax_loss_backward, softmax_loss_forward
from minifcn.functional.window import PoolWindow

EXAMPLES = 4 * settings.default.max_examples  # fewer where they run on a stand-in


def mostly(low: int, high: int, *others: int) -> st.SearchStrategy[int]:
    """Draw numbers between low and high, one time in ten or so one of the others."""
    usual = st.integers(low, high)
    return st.integers(0, 9).flatmap(lambda k: st.sampled_from(others) if k == 9 else usual)


def two(low: int, high: int, *others: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(mostly(low, high, *others), mostly(low, high, *others))


images = {
    "n": st.integers(0, 2),
    "channels": mostly(1, 3, 0),
    "size": two(1, 6, 0, 9),
    "stride": two(1, 3, 0, -1, 40),
    "pad": two(0, 2, -1, 7),
}


@settings(max_examples=EXAMPLES)
@given(
    **images,
    filters=mostly(1, 3, 0),
    kernel=two(1, 3, 0, 7),
    dilation=two(1, 2, 0, -2, 9),
    groups=mostly(1, 3, 0, -1),
)
def test_convolution(n, channels, size, filters, kernel, groups, **options):
    stride, pad, dilation = options["stride"], options["pad"], options["dilation"]
    counts = max(1, groups) * channels, max(1, groups) * filters
    x, weight = normal(1, n, counts[0], *size), normal(2, counts[1], channels, *kernel)
    positive = (channels, filters, groups, *size, *kernel, *stride, *dilation)
    fits = all(
        s + 2 * p >= d * (k - 1) + 1 for s, p, d, k in zip(size, pad, dilation, kernel, strict=True)
    )
    if min(positive) < 1 or min(pad) < 0 or not fits:
        with pytest.raises(ValueError, match="^convolution: "):
            conv2d_forward(x, weight, groups=groups, **options)
        return
    y, cache = conv2d_forward(x, weight, groups=groups, **options)
    expected = naive.conv2d(x, weight, groups=groups, **options)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)
    assert_transposed(x, weight, y, conv2d_backward(normal(3, *y.shape), cache)[:2])


@settings(max_examples=EXAMPLES)
@given(**images, filters=mostly(1, 3, 0), kernel=two(1, 4, 0, 9), groups=mostly(1, 3, 0, -1))
def test_deconvolution(n, channels, size, filters, kernel, groups, **options):
    x = normal(1, n, max(1, groups) * channels, *size)
    weight = normal(2, x.shape[1], filters, *kernel)
    stride, pad = options["stride"], options["pad"]
    left = [
        s * (pixels - 1) + k - 2 * p
        for s, pixels, k, p in zip(stride, size, kernel, pad, strict=True)
    ]
    if min(channels, filters, groups, *size, *kernel, *stride, *left) < 1 or min(pad) < 0:
        with pytest.raises(ValueError, match="^deconvolution: "):
            deconv2d_forward(x, weight, groups=groups, **options)
        return
    y, cache = deconv2d_forward(x, weight, groups=groups, **options)
    expected = naive.deconv2d(x, weight, groups=groups, **options)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)
    assert_transposed(x, weight, y, deconv2d_backward(normal(3, *y.shape), cache)[:2])


def assert_transposed(x, weight, y, gradients):
    """Hold the gradients to <A x, dy> = <x, A' dy>, for the input and for the weight."""
    forward = pytest.approx(inner(y, normal(3, *y.shape)), rel=1e-11, abs=1e-11)
    assert inner(x, gradients[0]) == forward
    assert inner(weight, gradients[1]) == forward


@pytest.mark.parametrize("kind", ["max", "avg"])
@settings(max_examples=EXAMPLES)
@given(**images, kernel=two(1, 4, 0, -3, 50), ceil=st.booleans())
def test_pooling(kind, n, channels, size, kernel, stride, pad, ceil):
    x = normal(1, n, channels, *size)
    forward, backward = {
        "max": (max_pool_forward, max_pool_backward),
        "avg": (avg_pool_forward, avg_pool_backward),
    }[kind]
    window = PoolWindow(kernel, stride, pad, ceil)
    padding_alone = any(p >= k for p, k in zip(pad, kernel, strict=True))
    # Rounded up, the window may reach beyond the padded image by less than a stride.
    reach = [s + 2 * p + (step - 1) * ceil for s, p, step in zip(size, pad, stride, strict=True)]
    fits = all(r >= k for r, k in zip(reach, kernel, strict=True))
    sizes_mean_something = min(channels, *size, *kernel, *stride) >= 1 and min(pad) >= 0
    if not sizes_mean_something or padding_alone or not fits:
        with pytest.raises(ValueError, match="^pooling: "):
            forward(x, window)
        return
    y, cache = forward(x, window)
    expected = {"max": naive.max_pool, "avg": naive.avg_pool}[kind](x, *window)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)
    dx = backward(normal(3, *y.shape), cache)
    assert dx.shape == x.shape
    assert inner(x, dx) == pytest.approx(inner(y, normal(3, *y.shape)), rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kernel", [1, 3])
def test_an_empty_batch_has_gradients_of_zero_on_every_path(path, kernel, forced):
    x, weight = np.zeros((0, 16, 24, 24)), normal(2, 20, 16, kernel, kernel)
    forced(path)
    y, cache = conv2d_forward(x, weight, normal(3, 20), relu=True, pool=True)
    dx, dweight, dbias = conv2d_backward(np.zeros((0, 20, 25 - kernel, 25 - kernel)), cache)
    assert y.shape == (0, 20, -(-(25 - kernel) // 2), -(-(25 - kernel) // 2))
    assert dx.shape == x.shape
    np.testing.assert_array_equal(dweight, np.zeros_like(weight))
    np.testing.assert_array_equal(dbias, np.zeros(20))


def test_an_empty_batch_goes_through_a_classifier_s_last_layers():
    x = np.zeros((0, 3, 4, 5))
    normalised, cache = lrn_forward(x)
    assert lrn_backward(normalised, cache).shape == x.shape
    y, cache = linear_forward(x, normal(1, 7, 60), normal(2, 7))
    dx, dweight, dbias = linear_backward(y, cache)
    assert y.shape == (0, 7) and dx.shape == x.shape
    assert not dweight.any() and dweight.shape == (7, 60) and dbias.tolist() == [0] * 7


@pytest.mark.parametrize("normalization", ["valid", "batch", "none"])
@pytest.mark.parametrize("shape", [(0, 3, 4, 5), (2, 3, 0, 5), (0, 3)])
def test_nothing_costs_nothing(normalization, shape):
    label = np.zeros((*shape[:1], *shape[2:]), int)
    loss, cache = softmax_loss_forward(np.zeros(shape), label, normalization=normalization)
    assert loss == 0 == naive_loss(shape, label, normalization)
    assert softmax_loss_backward(np.array(1.0), cache).shape == shape


def naive_loss(shape, label, normalization):
    maps = shape if len(shape) == 4 else (*shape, 1, 1)
    return naive.softmax_loss(
        np.zeros(maps), label.reshape(maps[:1] + maps[2:]), normalization=normalization
    )
