"""Every path of convolution against the im2col definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minifcn.functional import conv
from minifcn.functional.conv import choose_path, conv2d_backward, conv2d_forward, force_path
from minifcn.functional.deconv import deconv2d_forward
from minifcn.functional.fast import winograd_strips
from minifcn.functional.fast.strips import im2col_backward_data, turned_backward_data
from minifcn.functional.window import Window

# Relative to the largest value; Winograd's transforms cost about one digit.
TOLERANCE = {"float64": 1e-12, "float32": 2e-5}


@pytest.fixture(autouse=True)
def _restore_path():
    yield
    force_path(None)


def all_passes(path, x, weight, bias, dy, pad):
    force_path(path)
    y, cache = conv2d_forward(x, weight, bias, pad=pad)
    return y, *conv2d_backward(dy, cache)


def compare(path, shape, filters, kernel, pad, dtype, seed=0):
    rng = np.random.default_rng(seed)
    n, c, h, w = shape
    x = rng.standard_normal(shape).astype(dtype)
    weight = rng.standard_normal((filters, c, kernel, kernel)).astype(dtype)
    bias = rng.standard_normal(filters).astype(dtype)
    oh, ow = Window((kernel, kernel), pad=pad).output_size((h, w))
    dy = rng.standard_normal((n, filters, oh, ow)).astype(dtype)
    force_path(path)
    assert choose_path(x.shape, weight, Window((kernel, kernel), pad=pad), 1) == path
    expected = all_passes("im2col", x, weight, bias, dy, pad)
    for name, ours, theirs in zip(
        ("y", "dx", "dweight", "dbias"),
        all_passes(path, x, weight, bias, dy, pad),
        expected,
        strict=True,
    ):
        assert ours.dtype == dtype
        assert ours.shape == theirs.shape, name
        error = abs(ours - theirs).max() / max(abs(theirs).max(), 1e-30)
        assert error <= TOLERANCE[dtype], name


sizes = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(3, 15), st.integers(3, 14))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@given(shape=sizes, filters=st.integers(1, 5), pad=st.tuples(*[st.integers(0, 5)] * 2))
@settings(max_examples=40)
def test_winograd_is_convolution(shape, filters, pad, dtype):
    compare("winograd", shape, filters, 3, pad, dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@given(shape=sizes, filters=st.integers(1, 5))
@settings(max_examples=20)
def test_pointwise_is_convolution(shape, filters, dtype):
    compare("pointwise", shape, filters, 1, (0, 0), dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@given(shape=sizes, filters=st.integers(1, 5), pad=st.tuples(*[st.integers(0, 3)] * 2))
@settings(max_examples=30)
def test_winograd_with_5_x_5_kernels_is_convolution(shape, filters, pad, dtype):
    n, c, h, w = shape
    compare("winograd", (n, c, h + 2, w + 2), filters, 5, pad, dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@given(
    shape=sizes,
    filters=st.integers(1, 5),
    kernel=st.integers(1, 3),
    pad=st.tuples(*[st.integers(0, 5)] * 2),
)
@settings(max_examples=40)
def test_whole_columns_are_convolution(shape, filters, kernel, pad, dtype):
    compare("whole", shape, filters, kernel, pad, dtype)


def test_winograd_in_many_strips_is_the_same(monkeypatch):
    monkeypatch.setattr(winograd_strips, "STRIP_BYTES", 1)
    compare("winograd", (2, 3, 21, 18), 4, 3, (1, 1), "float64")


def test_winograd_has_the_error_it_says():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 256, 24, 24))
    weight = rng.standard_normal((16, 256, 3, 3))
    force_path("im2col")
    exact, _ = conv2d_forward(x, weight, pad=(1, 1))
    force_path("winograd")
    y, _ = conv2d_forward(x.astype("f"), weight.astype("f"), pad=(1, 1))
    assert abs(y - exact).max() / abs(exact).max() < 5e-5


@given(
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    groups=st.integers(1, 2),
    data=st.data(),
)
def test_turned_kernels_give_the_gradient_of_the_input(kernel, dilation, groups, data):
    window = Window(kernel, dilation=dilation)
    eh, ew = window.extent()
    pad = data.draw(st.tuples(st.integers(0, eh - 1), st.integers(0, ew - 1)))
    window = window._replace(pad=pad)
    x_shape = (2, 2 * groups, eh + 3, ew + 2)
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((3 * groups, 2, *kernel))
    dy = rng.standard_normal((2, 3 * groups, *window.output_size(x_shape[2:])))
    np.testing.assert_allclose(
        turned_backward_data(dy, weight, window, groups),
        im2col_backward_data(dy, weight, x_shape, window, groups),
        atol=1e-12,
    )


@given(
    kernel=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    stride=st.tuples(st.integers(2, 4), st.integers(2, 4)),
    size=st.tuples(st.integers(1, 5), st.integers(1, 5)),
)
def test_deconvolution_by_phases_is_deconvolution(kernel, stride, size):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 3, *size))
    weight = rng.standard_normal((3, 2, *kernel))
    y, _ = deconv2d_forward(x, weight, stride=stride)
    # The definition: the gradient of the convolution whose outputs are x's size.
    window = Window(kernel, stride)
    np.testing.assert_allclose(
        y, im2col_backward_data(x, weight, (2, 2, *y.shape[2:]), window), atol=1e-12
    )


@pytest.mark.parametrize(
    ("x_shape", "weight_shape", "window", "groups", "path"),
    [
        ((1, 64, 88, 88), (64, 64, 3, 3), Window((3, 3), pad=(1, 1)), 1, "winograd"),
        ((1, 3, 500, 500), (64, 3, 3, 3), Window((3, 3), pad=(100, 100)), 1, "im2col"),
        ((1, 64, 88, 88), (64, 32, 3, 3), Window((3, 3), pad=(1, 1)), 2, "im2col"),
        ((1, 64, 88, 88), (64, 64, 3, 3), Window((3, 3), (2, 2), (1, 1)), 1, "im2col"),
        ((1, 512, 22, 22), (4096, 512, 7, 7), Window((7, 7)), 1, "winograd"),
        ((1, 512, 14, 14), (512, 512, 3, 3), Window((3, 3), pad=(1, 1)), 1, "whole"),
        ((1, 32, 40, 40), (96, 32, 5, 5), Window((5, 5), pad=(2, 2)), 1, "winograd"),
        ((1, 4096, 16, 16), (4096, 4096, 1, 1), Window((1, 1)), 1, "pointwise"),
    ],
)
def test_the_path_is_chosen_by_shape(x_shape, weight_shape, window, groups, path):
    weight = np.broadcast_to(np.float32(0), weight_shape)  # no memory for fc6
    assert choose_path(x_shape, weight, window, groups) == path


def test_the_gradients_of_fc6_take_whole_columns():
    weight = np.broadcast_to(np.float32(0), (4096, 512, 7, 7))
    assert choose_path((1, 512, 22, 22), weight, Window((7, 7)), 1, backward=True) == "whole"


def test_a_forced_path_that_cannot_compute_a_shape_gives_way_to_im2col():
    force_path("winograd")
    assert choose_path((1, 3, 9, 9), np.zeros((4, 3, 9, 9)), Window((9, 9)), 1) == "im2col"


def test_an_unknown_path_is_refused():
    with pytest.raises(
        ValueError, match="must be one of im2col, whole, pointwise, winograd, not 'fft'"
    ):
        force_path("fft")
    assert "fft" not in conv.PATHS
