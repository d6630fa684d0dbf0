"""Every path of convolution against im2col, the definition, and the choice among them."""

import numpy as np
import pytest
from helpers.cases import EXAMPLES, deconv_cases, normal
from helpers.ladder import arrays_of, assert_same, ours
from hypothesis import given, settings
from hypothesis import strategies as st

from minifcn.functional.conv import conv2d_backward, conv2d_forward
from minifcn.functional.fast import paths
from minifcn.functional.fast.paths import (
    PATHS,
    choose_deconv_path,
    choose_path,
    force_path,
    forced_path,
    path_forced,
)
from minifcn.functional.window import Window

# Relative to the largest value; Winograd's transforms cost about one digit.
TOLERANCE = {"float64": 1e-12, "float32": 2e-5}


@pytest.fixture(autouse=True)
def _restore_path():
    yield
    force_path(None)


def all_passes(path, x, weight, bias, dy, options):
    force_path(path)
    y, cache = conv2d_forward(x, weight, bias, **options)
    return y, *conv2d_backward(dy, cache)


def compare(path, shape, filters, kernel, dtype, **options):
    rng = np.random.default_rng(0)
    window = Window.of("convolution", kernel, options.get("stride", 1), options["pad"])
    x = rng.standard_normal(shape).astype(dtype)
    weight = rng.standard_normal((filters, shape[1], *window.kernel_size)).astype(dtype)
    bias = rng.standard_normal(filters).astype(dtype)
    dy = rng.standard_normal((shape[0], filters, *window.output_size(shape[2:]))).astype(dtype)
    force_path(path)
    assert choose_path(x.shape, weight, window, 1) == path
    arrays = x, weight, bias, dy, options
    expected = all_passes("im2col", *arrays)
    for one, other in zip(all_passes(path, *arrays), expected, strict=True):
        assert one.dtype == dtype and one.shape == other.shape
        assert abs(one - other).max() <= TOLERANCE[dtype] * abs(other).max()


# path -> kernel sizes, and how much larger than them the padding may be
WHAT_FOR = {
    "strips": ((1, 2, 3, 4), 2),
    "whole": ((1, 2, 3), 2),
    "lines": ((1, 2, 3, 5), 9),
    "pointwise": ((1,), -1),
    "winograd": ((3, 5), 2),
}
channels = st.one_of(st.integers(1, 5), st.sampled_from([32, 37]))
sizes = st.tuples(st.integers(1, 3), channels, st.integers(7, 15), st.integers(7, 14))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("path", WHAT_FOR)
@given(shape=sizes, filters=channels, data=st.data())
@settings(max_examples=30)
def test_each_is_convolution(path, dtype, shape, filters, data):
    kernels, wider = WHAT_FOR[path]
    kernel = data.draw(st.sampled_from(kernels))
    pad = data.draw(st.tuples(*[st.integers(0, kernel + wider)] * 2))
    compare(path, shape, filters, kernel, dtype, pad=pad)


@pytest.mark.parametrize("path", PATHS)
def test_each_computes_what_the_examples_ask_for(path):
    computed = 0
    for case in EXAMPLES["conv2d"]:
        arrays = arrays_of("conv2d", case)
        force_path("im2col")
        expected = ours("conv2d", case, arrays)
        force_path(path)
        assert_same(ours("conv2d", case, arrays), expected, 1e-11)
        window = Window(
            case.weight_shape[2:], **{k: v for k, v in case.options.items() if k != "groups"}
        )
        groups = case.options.get("groups", 1)
        computed += choose_path(case.x_shape, arrays["weight"], window, groups) == path
    assert computed or path == "phases"  # of deconvolutions


@pytest.mark.parametrize("path", ["strips", "phases"])
@given(case=deconv_cases())
def test_each_is_deconvolution(path, case):
    arrays = arrays_of("deconv2d", case)
    force_path("im2col")
    expected = ours("deconv2d", case, arrays)
    force_path(path)
    assert_same(ours("deconv2d", case, arrays), expected)


@pytest.mark.parametrize("path", WHAT_FOR)
def test_each_takes_inputs_that_are_not_contiguous_and_leaves_them_as_they_are(path):
    kernel = WHAT_FOR[path][0][-1]
    x, weight, bias = normal(1, 2, 3, 9, 8), normal(2, 4, 3, kernel, kernel), normal(3, 4)
    dy = normal(4, 2, 4, 10 - kernel, 9 - kernel)  # none of them can be written to
    expected = all_passes(path, x, weight, bias, dy, {})
    strange = [np.asfortranarray(array) for array in (x, weight)]
    ours = all_passes(path, *strange, bias, np.concatenate([dy, dy], axis=1)[:, 4:], {})
    for one, other in zip(ours, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


@pytest.mark.host
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("path", WHAT_FOR)
def test_the_result_of_each_does_not_depend_on_the_run(path, threads, count):
    threads(count)
    size = 1 if path == "pointwise" else 3
    arrays = [(2, 33, 31, 40), (40, 33, size, size), (40,), (2, 40, 32 - size, 41 - size)]
    drawn = [normal(n, *shape, dtype=np.float32) for n, shape in enumerate(arrays)]
    first, again = (all_passes(path, *drawn, {}) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_winograd_has_the_error_it_says():
    x, weight = normal(1, 1, 256, 24, 24), normal(2, 16, 256, 3, 3)
    force_path("im2col")
    exact, _ = conv2d_forward(x, weight, pad=(1, 1))
    force_path("winograd")
    y, _ = conv2d_forward(x.astype("f"), weight.astype("f"), pad=(1, 1))
    assert abs(y - exact).max() / abs(exact).max() < 5e-5


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("relu", "pool"), [(True, False), (False, True), (True, True)])
def test_what_follows_is_done_on_the_way_or_afterwards(path, relu, pool):
    x, bias = normal(1, 2, 3, 7, 6), normal(3, 4)
    weight = normal(2, 4, 3, *((1, 1) if path == "pointwise" else (3, 3)))
    force_path("im2col")
    y, _ = conv2d_forward(x, weight, bias)
    expected = np.maximum(y, 0) if relu else y
    if pool:
        expected = np.stack(
            [expected[..., i : i + 2, :].max(axis=2) for i in range(0, y.shape[2], 2)], axis=2
        )
        expected = np.stack(
            [expected[..., j : j + 2].max(axis=3) for j in range(0, y.shape[3], 2)], axis=3
        )
    force_path(path)
    ours, _ = conv2d_forward(x, weight, bias, relu=relu, pool=pool)
    np.testing.assert_allclose(ours, expected, atol=1e-11)


@pytest.mark.host
@pytest.mark.parametrize(
    ("x_shape", "weight_shape", "window", "groups", "path"),
    [
        ((1, 512, 44, 44), (512, 512, 3, 3), Window((3, 3), pad=(1, 1)), 1, "winograd"),
        ((1, 96, 47, 62), (128, 96, 3, 3), Window((3, 3), pad=(1, 1)), 1, "winograd"),
        ((1, 96, 21, 23), (128, 96, 3, 3), Window((3, 3), pad=(1, 1)), 1, "strips"),
        ((1, 3, 500, 500), (64, 3, 3, 3), Window((3, 3), pad=(100, 100)), 1, "strips"),
        ((1, 64, 88, 88), (64, 32, 3, 3), Window((3, 3), pad=(1, 1)), 2, "winograd"),
        ((1, 64, 88, 88), (64, 8, 3, 3), Window((3, 3), pad=(1, 1)), 8, "strips"),
        ((1, 64, 88, 88), (64, 64, 3, 3), Window((3, 3), (2, 2), (1, 1)), 1, "strips"),
        ((1, 512, 22, 22), (4096, 512, 7, 7), Window((7, 7)), 1, "whole"),  # fc6
        ((1, 3, 227, 227), (96, 3, 11, 11), Window((11, 11), (4, 4)), 1, "strips"),
        ((1, 64, 88, 88), (16, 64, 7, 7), Window((7, 7), pad=(3, 3)), 1, "strips"),
        ((1, 512, 14, 14), (512, 512, 3, 3), Window((3, 3), pad=(1, 1)), 1, "whole"),
        ((4, 3, 128, 128), (8, 3, 3, 3), Window((3, 3), pad=(1, 1)), 1, "lines"),
        ((4, 64, 16, 16), (64, 64, 3, 3), Window((3, 3), pad=(1, 1)), 1, "lines"),
        ((1, 64, 16, 16), (64, 64, 3, 3), Window((3, 3), pad=(1, 1)), 1, "strips"),
        ((1, 16, 250, 250), (16, 16, 3, 3), Window((3, 3), pad=(1, 1)), 1, "lines"),
        ((1, 64, 80, 80), (96, 64, 5, 5), Window((5, 5), pad=(2, 2)), 1, "winograd"),
        ((1, 4096, 16, 16), (4096, 4096, 1, 1), Window((1, 1)), 1, "pointwise"),
    ],
)
def test_the_path_is_chosen_by_shape(x_shape, weight_shape, window, groups, path):
    weight = np.broadcast_to(np.float32(0), weight_shape)  # no memory for fc6
    assert choose_path(x_shape, weight, window, groups) == path


@pytest.mark.host
@pytest.mark.parametrize(("size", "path"), [((23, 31), "strips"), ((35, 43), "winograd")])
def test_the_gradients_of_smaller_maps_are_not_computed_by_winograd(size, path):
    weight = np.zeros((208, 96, 3, 3), np.float32)
    given = (1, 96, *size), weight, Window((3, 3), pad=(1, 1)), 1
    assert choose_path(*given) == "winograd"
    assert choose_path(*given, gradients=True) == path


def test_a_deconvolution_with_a_stride_goes_by_phases():
    assert choose_deconv_path(Window((4, 4), (2, 2)), 1) == "phases"
    assert choose_deconv_path(Window((4, 4), (2, 2)), 21) == "strips"
    assert choose_deconv_path(Window((4, 4), (1, 2)), 1) == "strips"


def test_a_forced_path_that_cannot_compute_a_shape_gives_way_to_strips():
    force_path("winograd")
    assert choose_path((1, 3, 9, 9), np.zeros((4, 3, 9, 9)), Window((9, 9)), 1) == "strips"
    assert choose_deconv_path(Window((3, 3)), 1) == "strips"


def test_a_path_is_forced_in_a_block_and_the_environment_counts_again_behind_it(monkeypatch):
    monkeypatch.setattr(paths, "_forced", {})
    monkeypatch.setenv("MINIFCN_CONV", "whole")
    with path_forced("im2col"):
        assert forced_path() == "im2col"
    assert forced_path() == "whole"


def test_an_unknown_path_is_refused():
    with pytest.raises(ValueError, match="must be one of im2col, strips, .*, not 'fft'"):
        force_path("fft")


def test_the_environment_forces_a_path_and_an_unknown_one_is_refused(monkeypatch):
    monkeypatch.setattr(paths, "_forced", {})
    x, weight = np.ones((1, 1, 4, 4)), np.ones((1, 1, 3, 3))
    monkeypatch.setenv("MINIFCN_CONV", "whole")
    assert choose_path(x.shape, weight, Window((3, 3)), 1) == "whole"
    monkeypatch.setenv("MINIFCN_CONV", "fft")
    with pytest.raises(ValueError, match="variable MINIFCN_CONV must be one of .*, not 'fft'"):
        conv2d_forward(x, weight)
