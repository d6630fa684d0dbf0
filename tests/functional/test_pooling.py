"""Max and average pooling: the rounding, the padding, the ties, and the plain loops."""

import numpy as np
import pytest
from helpers.cases import normal, pool_cases
from hypothesis import given
from hypothesis import strategies as st

from minifcn.functional import naive
from minifcn.functional.pooling import (
    avg_pool_backward,
    avg_pool_forward,
    max_pool_backward,
    max_pool_forward,
)
from minifcn.functional.window import PoolWindow

ROW = np.array([[[[3.0, 1, 4, 1, 5]]]])


def test_ceil_keeps_the_incomplete_window_and_floor_drops_it():
    kept, _ = max_pool_forward(ROW, PoolWindow((1, 2), (1, 2)))
    assert kept.ravel().tolist() == [3, 4, 5]
    dropped, _ = max_pool_forward(ROW, PoolWindow((1, 2), (1, 2), ceil=False))
    assert dropped.ravel().tolist() == [3, 4]


def test_rounded_up_a_window_may_be_larger_than_the_image():
    y, _ = max_pool_forward(np.array([[[[1.0, 2]]]]), PoolWindow((2, 3), (2, 2)))
    assert y.tolist() == [[[[2]]]]
    y, _ = avg_pool_forward(np.array([[[[1.0, 2]]]]), PoolWindow((2, 3), (2, 2)))
    assert y.tolist() == [[[[1.5]]]]


def test_max_ignores_the_padding():
    y, _ = max_pool_forward(-ROW, PoolWindow((1, 3), (1, 2), (0, 1)))
    assert y.ravel().tolist() == [-1, -1, -1]


def test_average_counts_the_padding_as_zeros_but_not_what_lies_beyond():
    y, _ = avg_pool_forward(ROW, PoolWindow((1, 3), (1, 2), (0, 1)))
    np.testing.assert_allclose(y.ravel(), [4 / 3, 6 / 3, 6 / 3])
    # 3 1 4 | 1 5, and then the image ends: the last window is two pixels wide, and has their mean.
    y, _ = avg_pool_forward(ROW, PoolWindow((1, 3), (1, 3)))
    np.testing.assert_allclose(y.ravel(), [8 / 3, 6 / 2])


def test_padding_that_would_make_an_empty_window_is_clipped():
    # Caffe: 4 pixels, kernel 3, stride 3, pad 2: ceil((4+4-3)/3)+1 = 3 windows, at -2, 1 and 4.
    # The third would begin behind the last pixel, so there are two.
    window = PoolWindow((3, 3), (3, 3), (2, 2))
    assert window.output_size((4, 4)) == (2, 2)
    assert window.output_size((5, 4)) == (3, 2)


@pytest.mark.parametrize(
    ("height", "pooled"),
    [(500, (349, 175, 88, 44, 22)), (375, (287, 144, 72, 36, 18)), (1, (100, 50, 25, 13, 7))],
)
def test_sizes_of_the_reference_vgg16(height, pooled):
    size = height + 198
    for expected in pooled:
        size, _ = PoolWindow((2, 2), (2, 2)).output_size((size, size))
        assert size == expected


@given(pool_cases())
def test_the_number_of_windows_is_what_counting_them_gives(case):
    window, size = PoolWindow(**case.options), case.x_shape[2:]
    expected = tuple(
        naive.pooled_size(pixels, extent, stride, pad, window.ceil, overhang)
        for pixels, extent, stride, pad, overhang in zip(
            size, window.extent(), window.stride, window.pad, window.overhang, strict=True
        )
    )
    assert window.output_size(size) == expected


def test_the_first_maximum_wins_a_tie():
    x = np.array([[[[1.0, 7, 7], [7, 7, 7]]]])
    y, cache = max_pool_forward(x, PoolWindow((2, 3), (1, 1)))
    dx = max_pool_backward(np.ones_like(y), cache)
    assert dx[0, 0].tolist() == [[0, 1, 0], [0, 0, 0]]


def test_the_first_pixel_of_a_flat_window_wins_even_beside_padding():
    x = np.zeros((1, 1, 2, 2))
    y, cache = max_pool_forward(x, PoolWindow((2, 2), (2, 2), (1, 1)))
    assert y.shape == (1, 1, 2, 2)
    dx = max_pool_backward(np.array([[[[1.0, 2], [4, 8]]]]), cache)
    assert dx[0, 0].tolist() == [[1, 2], [4, 8]]


def test_a_pixel_that_wins_several_windows_collects_from_all():
    x = np.array([[[[0.0, 9, 0]]]])
    _, cache = max_pool_forward(x, PoolWindow((1, 2), (1, 1)))
    assert max_pool_backward(np.array([[[[1.0, 10]]]]), cache).tolist() == [[[[0, 11, 0]]]]


@pytest.mark.parametrize(
    ("side", "dtype"), [(16, np.uint8), (17, np.uint16), (256, np.uint16), (257, np.uint32)]
)
def test_the_winner_is_kept_in_the_smallest_integer(side, dtype):
    x = np.zeros((1, 1, side, side))
    x[0, 0, -1, -1] = 1
    _, cache = max_pool_forward(x, PoolWindow((side, side), (1, 1)))
    assert cache.argmax.dtype == dtype
    assert max_pool_backward(np.ones((1, 1, 1, 1)), cache)[0, 0, -1, -1] == 1


def test_a_window_larger_than_the_image_takes_no_more_than_the_image():
    # A window of 10**12 pixels would not fit into memory, nor its places be gone through.
    x, window = normal(1, 2, 3, 4, 5), PoolWindow((10**6, 10**6), (10**6, 10**6), (1, 2))
    y, cache = max_pool_forward(x, window)
    np.testing.assert_array_equal(y, x.max(axis=(2, 3), keepdims=True))
    np.testing.assert_array_equal(max_pool_backward(np.ones_like(y), cache), x == y)
    y, cache = avg_pool_forward(x, window)
    area = (4 + 2) * (5 + 4)  # the padding counts, what lies beyond does not
    np.testing.assert_allclose(y, x.sum(axis=(2, 3), keepdims=True) / area, rtol=1e-12)
    np.testing.assert_allclose(avg_pool_backward(np.ones_like(y), cache), 1 / area, rtol=1e-12)


@given(pool_cases())
def test_without_training_there_is_no_cache(case):
    x, window = normal(1, *case.x_shape), PoolWindow(**case.options)
    y, cache = max_pool_forward(x, window, train=False)
    assert cache is None and not np.shares_memory(y, x)
    np.testing.assert_array_equal(y, max_pool_forward(x, window)[0])


PADDING_ALONE = r"pad \(2, 0\) must be smaller than the window \(2, 2\)"
BETWEEN_PLACES = "takes one in 3 of 2 pixels, padded by 3, would see padding only"
TOO_LARGE = r"window of \(3, 2\) pixels does not fit into an image of \(2, 2\) padded by \(0, 0\)"


@pytest.mark.parametrize("forward", [max_pool_forward, avg_pool_forward])
@pytest.mark.parametrize(
    ("size", "window", "message"),
    [
        (4, PoolWindow((2, 2), (2, 2), (2, 0)), PADDING_ALONE),
        (2, PoolWindow((3, 2), (1, 1)), TOO_LARGE),
        (2, PoolWindow((2, 2), (1, 1), (3, 0), dilation=(3, 1)), BETWEEN_PLACES),
    ],
)
def test_a_window_of_padding_alone_or_larger_than_the_image_is_refused(
    forward, size, window, message
):
    with pytest.raises(ValueError, match=message):
        forward(np.zeros((1, 1, size, size)), window)


@given(pool_cases(), st.booleans())
def test_a_dilated_window_pools_every_so_manyth_pixel_by_itself(case, largest):
    # So a pooling whose stride s was removed finds what it found, and what lies between.
    kernel, stride, _, ceil, dilation, _ = PoolWindow(**case.options)
    pad = tuple(min(p, k - 1) for p, k in zip(case.options["pad"], kernel, strict=True))
    x = normal(1, *case.x_shape[:2], *(n + 12 for n in case.x_shape[2:]))
    forward = max_pool_forward if largest else avg_pool_forward
    stretched = [d * p for d, p in zip(dilation, pad, strict=True)]
    overhang = [d * (s - 1) * ceil for d, s in zip(dilation, stride, strict=True)]
    dense, _ = forward(
        x, PoolWindow.of(kernel, 1, stretched, ceil, dilation=dilation, overhang=overhang)
    )
    for a, b in np.ndindex(*dilation):
        phase = (..., slice(a, None, dilation[0]), slice(b, None, dilation[1]))
        coarse, _ = forward(np.ascontiguousarray(x[phase]), PoolWindow(kernel, stride, pad, ceil))
        np.testing.assert_allclose(
            dense[phase][..., :: stride[0], :: stride[1]], coarse, rtol=1e-12
        )
