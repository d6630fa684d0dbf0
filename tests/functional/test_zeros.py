"""Outputs of a convolution that see nothing but zeros are their bias, to the last bit."""

import numpy as np
import pytest
from helpers.cases import normal, pairs
from hypothesis import given, settings
from hypothesis import strategies as st

from minifcn.backend import to_host
from minifcn.functional.conv import conv2d_forward
from minifcn.functional.fast.paths import PATHS, choose_path, force_path
from minifcn.functional.fast.zeros import Sight, look
from minifcn.functional.window import Window

FORWARD = [path for path in PATHS if path != "phases"]  # which go back otherwise
LARGE = 1000.0  # of the image, so that what is rounded of it is far from any bias


@pytest.fixture(autouse=True)
def _restore_path():
    yield
    force_path(None)


def all_zero(image, kernel_size, pad):
    """Return where a window sees zeros only, by looking at each: (C, H, W) -> (OH, OW)."""
    padded = np.pad(abs(image).max(axis=0), [(border, border) for border in pad])
    window = (kernel_size, kernel_size)
    return ~np.lib.stride_tricks.sliding_window_view(padded, window).any(axis=(2, 3))


def with_zeros(x, pattern, rng):
    """Set some pixels of each image to zero, in all channels."""
    n, _, h, w = x.shape
    kept = np.ones((n, h, w), bool)
    for image in kept:
        i, j = rng.integers(0, h), rng.integers(0, w)
        if pattern == "around":
            frame = np.ones((h, w), bool)
            frame[i // 2 : h - i // 2, j // 2 : w - j // 2] = False
            image &= ~frame
        elif pattern == "a patch":
            image[i : i + 6, j : j + 5] = False
        elif pattern == "specks":
            image &= rng.random((h, w)) < 0.25
        elif pattern == "everywhere":
            image[...] = False
    return x * kept[:, None]


@st.composite
def layers(draw):
    """Draw (path, weight, bias, x, pad) of a layer that the path can compute."""
    path = draw(st.sampled_from([*FORWARD, "winograd", "winograd"]))
    sizes = {"pointwise": [1], "winograd": [3, 5]}
    r = draw(st.sampled_from(sizes.get(path, [3, 5, 7])))
    pad = (0, 0) if path == "pointwise" else draw(pairs(0, r + 1))
    h, w = (max(1, r - 2 * border) + draw(st.integers(0, 15)) for border in pad)
    n, c, f, seed = draw(st.tuples(*[st.integers(1, 3)] * 3, st.integers(0, 999)))
    pattern = draw(st.sampled_from(["around", "a patch", "specks", "everywhere"]))
    rng = np.random.default_rng(seed)
    x = with_zeros(LARGE * normal(seed, n, c, h, w), pattern, rng).astype(np.float32)
    weight = normal(seed + 1, f, c, r, r, dtype=np.float32)
    bias = draw(st.sampled_from([0, 1e-6, 1])) * normal(seed + 2, f, dtype=np.float32)
    return path, weight, bias, x, pad


def exact(weight, bias, x, pad):
    force_path("im2col")
    arrays = (array.astype(np.float64) for array in (x, weight, bias))
    return conv2d_forward(*arrays, pad=pad)[0]


@given(layer=layers(), relu=st.booleans())
@settings(max_examples=3 * settings.default.max_examples)
def test_what_sees_zeros_only_is_its_bias_and_all_else_is_convolution(layer, relu):
    path, weight, bias, x, pad = layer
    expected = exact(weight, bias, x, pad)
    force_path(path)
    assert choose_path(x.shape, weight, Window(weight.shape[2:], pad=pad), 1) == path
    y, _ = conv2d_forward(x, weight, bias, pad=pad, relu=relu)
    if relu:
        expected, bias = np.maximum(expected, 0), np.maximum(bias, 0)
    for outputs, image in zip(y, x, strict=True):
        blind = all_zero(image, weight.shape[2], pad)
        assert (outputs[:, blind] == bias[:, None]).all()
    np.testing.assert_allclose(y, expected, atol=3e-5 * max(abs(expected).max(), 1))


@given(layer=layers())
def test_pooled_outputs_that_see_zeros_only_are_their_bias_too(layer):
    path, weight, bias, x, pad = layer
    force_path(path)
    y, _ = conv2d_forward(x, weight, bias, pad=pad)
    pooled, _ = conv2d_forward(x, weight, bias, pad=pad, pool=True)
    edges = [(0, 0), (0, 0), *((0, pixels % 2) for pixels in y.shape[2:])]
    cells = np.pad(y, edges, constant_values=-np.inf)
    expected = np.maximum(
        np.maximum(cells[:, :, ::2, ::2], cells[:, :, 1::2, ::2]),
        np.maximum(cells[:, :, ::2, 1::2], cells[:, :, 1::2, 1::2]),
    )
    blind = np.array([all_zero(image, weight.shape[2], pad) for image in x])
    blind = np.pad(blind, [edges[0], *edges[2:]], constant_values=True)
    blind = blind[:, ::2, ::2] & blind[:, 1::2, ::2] & blind[:, ::2, 1::2] & blind[:, 1::2, 1::2]
    for outputs, whole in zip(pooled, blind, strict=True):
        assert (outputs[:, whole] == bias[:, None]).all()
    np.testing.assert_allclose(pooled, expected, atol=1e-5 * max(abs(expected).max(), 1))


@pytest.mark.parametrize("without_bias", [False, True])
def test_the_border_of_an_untrained_net_stays_empty(without_bias):
    # The first two layers of VGG16 with pad 100, narrower: half of the map has no image in it.
    x, weights = LARGE * normal(1, 1, 3, 20, 30, dtype=np.float32), normal(2, 32, 3, 3, 3)
    bias = None if without_bias else np.zeros(32, np.float32)
    y, _ = conv2d_forward(x, weights.astype(np.float32), bias, pad=(100, 100), relu=True)
    weights = normal(3, 32, 32, 3, 3, dtype=np.float32)
    assert choose_path(y.shape, weights, Window((3, 3), pad=(1, 1)), 1) == "winograd"
    y, _ = conv2d_forward(y, weights, bias, pad=(1, 1))
    assert y.shape == (1, 32, 218, 228)
    inside = y[:, :, 97:121, 97:131].copy()
    y[:, :, 97:121, 97:131] = 0
    assert not y.any() and inside.any(axis=1).all()


# Which outputs they are


@pytest.mark.parametrize("r", [3, 5, 7])
def test_no_window_of_zeros_is_overlooked_wherever_it_lies(r):
    for pad in ((0, 0), (1, r - 1), (r, r + 2)):
        oh, ow = 9 + 2 * pad[0] - r + 1, 11 + 2 * pad[1] - r + 1
        for i in range(oh):
            for j in range(ow):
                padded = np.ones((2, 9 + 2 * pad[0], 11 + 2 * pad[1]), np.float32)
                padded[:, i : i + r, j : j + r] = 0
                image = padded[:, pad[0] : pad[0] + 9, pad[1] : pad[1] + 11]
                blind = look(image, r, pad).blind
                assert blind is not None
                np.testing.assert_array_equal(blind, all_zero(image, r, pad))


@pytest.mark.host  # a GPU is not asked where the zeros are: it would have to be waited for
def test_rows_and_columns_of_outputs_that_see_only_the_zeros_around_are_left_out():
    image = np.zeros((2, 20, 30))
    image[0, 8, 12] = image[1, 10, 20] = 1
    sight = look(image, 3, (1, 1))
    assert (sight.rows, sight.columns) == (slice(7, 12), slice(11, 22))
    image[...] = 0
    sight = look(image, 3, (1, 1))
    assert (sight.rows, sight.columns) == (slice(0, 0), slice(0, 0))


@pytest.mark.host
def test_of_an_image_without_windows_of_zeros_all_is_in_sight():
    image = normal(1, 4, 12, 15).copy()
    image[:, 3:5, 4:9] = 0  # two rows are no window
    image[:2] = 0  # nor are two channels
    assert look(image, 3, (1, 1)) == Sight(slice(0, 12), slice(0, 15), None)


def test_a_view_is_looked_at_like_any_other_image():
    image = normal(1, 3, 24, 26).copy()
    image[:, 8:14, 6:20] = 0
    for view in (image[:, ::2, 1::2], image.swapaxes(1, 2), image[:, :, ::-1]):
        np.testing.assert_array_equal(
            to_host(look(view, 3, (1, 1)).blind), to_host(all_zero(view, 3, (1, 1)))
        )
