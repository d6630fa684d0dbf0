"""Winograd convolution against the sum that defines convolution."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minifcn.functional.fast import winograd, winograd_strips
from minifcn.functional.fast.winograd import (
    winograd_backward_data,
    winograd_backward_weights,
    winograd_forward,
)
from minifcn.functional.im2col import im2col_backward_data, im2col_backward_weights, im2col_forward
from minifcn.functional.window import Window

# Relative to the largest value. In float64 the transforms cost two digits of sixteen.
TOLERANCE = {"float64": 1e-12, "float32": 1e-4}
PADS = st.sampled_from([0, 1, 2, 5])


@st.composite
def layers(draw):
    """Draw (kernel size, pad, shape of x, filters) of a layer with at least one output."""
    r = draw(st.sampled_from([3, 3, 5]))
    pad = draw(st.tuples(PADS, PADS))
    h, w = (draw(st.integers(max(1, r - 2 * p), 19)) for p in pad)
    channels = st.one_of(st.integers(1, 6), st.sampled_from([32, 37]))
    return r, pad, (draw(st.integers(1, 3)), draw(channels), h, w), draw(channels)


def arrays(layer, dtype, seed=0):
    r, (ph, pw), (n, c, h, w), f = layer
    rng = np.random.default_rng(seed)
    shapes = (n, c, h, w), (f, c, r, r), (f,), (n, f, h + 2 * ph - r + 1, w + 2 * pw - r + 1)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def forward(x, weight, bias, pad, **then):
    return winograd_forward(x, weight, bias, Window(weight.shape[2:], pad=pad), **then)


def backward_data(dy, weight, pad, x_shape):
    return winograd_backward_data(dy, weight, x_shape, Window(weight.shape[2:], pad=pad))


def backward_weights(x, dy, pad, compute=winograd_backward_weights):
    kernel = tuple(
        n + 2 * p - o + 1 for n, p, o in zip(x.shape[2:], pad, dy.shape[2:], strict=True)
    )
    return compute(x, dy, (dy.shape[1], x.shape[1], *kernel), Window(kernel, pad=pad))


def direct_forward(x, weight, bias, pad):
    x, weight, bias = (array.astype("float64") for array in (x, weight, bias))
    return im2col_forward(x, weight, bias, Window(weight.shape[2:], pad=pad))


def direct_backward_data(dy, weight, pad, x_shape):
    dy, weight = dy.astype("float64"), weight.astype("float64")
    return im2col_backward_data(dy, weight, x_shape, Window(weight.shape[2:], pad=pad))


def direct_backward_weights(x, dy, pad):
    return backward_weights(x.astype("float64"), dy.astype("float64"), pad, im2col_backward_weights)


def direct_pool(y):
    n, f, h, w = y.shape
    padded = np.pad(y, [(0, 0), (0, 0), (0, h % 2), (0, w % 2)], constant_values=-np.inf)
    return padded.reshape(n, f, -(-h // 2), 2, -(-w // 2), 2).max(axis=(3, 5))


def check(ours, theirs):
    assert ours.shape == theirs.shape
    assert ours.flags.c_contiguous
    assert abs(ours - theirs).max() <= TOLERANCE[ours.dtype.name] * max(abs(theirs).max(), 1e-30)


@pytest.fixture(params=["a few strips", "many small strips", "no bank"])
def cuts(request, monkeypatch):
    """The ways in which the work is cut."""
    if request.param != "a few strips":
        monkeypatch.setattr(winograd_strips, "STRIP_BYTES", 1)
        monkeypatch.setattr(winograd_strips, "TILES_AT_A_TIME", 1)
        monkeypatch.setattr(winograd, "KERNEL_POINTS_AT_A_TIME", 2000)
        monkeypatch.setattr(winograd_strips, "SMALL_PRODUCT", 2000)
        monkeypatch.setattr(winograd_strips, "SMALL_SIDE", 8)
    if request.param == "no bank":
        monkeypatch.setattr(winograd, "BANK_BYTES", 0)


@given(layer=layers(), relu=st.booleans(), pool=st.booleans())
@settings(max_examples=60)
def test_what_follows_the_convolution_may_be_done_on_the_way(layer, relu, pool):
    x, weight, bias, _ = arrays(layer, "float64")
    expected = direct_forward(x, weight, bias, layer[1])
    expected = np.maximum(expected, 0) if relu else expected
    expected = direct_pool(expected) if pool else expected
    check(forward(x, weight, bias, layer[1], relu=relu, pool=pool), expected)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("kernel_size", [3, 5])
def test_however_the_work_is_cut_the_result_is_the_same(cuts, threads, count, kernel_size):
    threads(count)
    layer = kernel_size, (1, 2), (2, 40, 27, 31), 24
    x, weight, bias, dy = arrays(layer, "float64")
    y = direct_forward(x, weight, bias, (1, 2))
    check(forward(x, weight, bias, (1, 2)), y)
    check(forward(x, weight, bias, (1, 2), pool=True), direct_pool(y))
    check(backward_weights(x, dy, (1, 2)), direct_backward_weights(x, dy, (1, 2)))


@pytest.mark.parametrize("pool", [False, True])
def test_each_group_is_a_convolution_of_its_own(pool):
    layer = 3, (1, 2), (2, 12, 9, 11), 8
    x, _, bias, dy = arrays(layer, "float64")
    weight, window = arrays((3, (1, 2), (2, 6, 9, 11), 8), "float64")[1], Window((3, 3), pad=(1, 2))
    x[0, 6:, :7, :8] = 0  # what one group does not see, the other does
    y = im2col_forward(x, weight, bias, window, 2)
    wanted = direct_pool(y) if pool else y
    check(winograd_forward(x, weight, bias, window, 2, pool=pool), wanted)
    dx = im2col_backward_data(dy, weight, x.shape, window, 2)
    check(winograd_backward_data(dy, weight, x.shape, window, 2), dx)
    dweight = im2col_backward_weights(x, dy, weight.shape, window, 2)
    check(winograd_backward_weights(x, dy, weight.shape, window, 2), dweight)


def test_a_border_of_100_pixels():
    layer = 3, (100, 100), (1, 3, 5, 8), 4
    x, weight, bias, dy = arrays(layer, "float64")
    check(
        forward(x, weight, bias, (100, 100)),
        direct_forward(x, weight, bias, (100,) * 2),
    )
    dx = backward_data(dy, weight, (100, 100), x.shape)
    check(dx, direct_backward_data(dy, weight, (100, 100), x.shape))
    dweight = backward_weights(x, dy, (100, 100))
    check(dweight, direct_backward_weights(x, dy, (100, 100)))


# The errors that `toom_cook.py` speaks of, with a margin of two.
@pytest.mark.parametrize(("kernel_size", "limit"), [(3, 1e-5), (5, 2e-5)])
def test_the_error_in_single_precision_is_small(kernel_size, limit):
    layer = kernel_size, (1, 1), (1, 256, 24, 24), 16
    x, weight, bias, dy = arrays(layer, "float32")
    y = direct_forward(x, weight, bias, (1, 1))
    assert abs(forward(x, weight, bias, (1, 1)) - y).max() < limit * abs(y).max()
    dweight = direct_backward_weights(x, dy, (1, 1))
    error = backward_weights(x, dy, (1, 1)) - dweight
    assert abs(error).max() < limit * abs(dweight).max()


@pytest.mark.parametrize("size", [(4, 4), (3, 5), (9, 9)])
def test_other_kernels_are_refused(size):
    message = f"must be 3 x 3 or 5 x 5 pixels, not {size[0]} x {size[1]}"
    with pytest.raises(ValueError, match=message):
        forward(np.ones((1, 1, 20, 20)), np.ones((1, 1, *size)), None, (0, 0))


@pytest.mark.parametrize(
    ("cache", "tiles"), [(None, 3640), (256 << 10, 3640), (2 << 20, 7281), (64 << 20, 14563)]
)
def test_the_cache_of_a_core_says_how_much_is_transformed_at_a_time(cache, tiles):
    assert winograd_strips.tiles_for(cache) == tiles
