"""How arrays travel in the page."""

import numpy as np
import pytest
from helpers.explored_page import unpack

from minifcn.exploring.packing import ABOUT, STEPS, Blobs, quantise, rounded


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8", "int8"])
def test_arrays_come_out_as_they_went_in(dtype, rng):
    array = (100 * rng.standard_normal((3, 4, 5))).astype(dtype)
    blobs = Blobs()
    blobs.add("it", array)
    ((name, text),) = blobs
    assert np.array_equal(unpack(text, blobs.described[name]), array)
    assert blobs.described[name] == {"dtype": dtype, "shape": [3, 4, 5]}


def test_a_slice_in_another_order_of_bytes_is_packed_as_it_is(rng):
    array = rng.standard_normal((4, 6)).astype(">f4")[:, ::2]
    blobs = Blobs()
    blobs.add("it", array)
    assert np.array_equal(unpack(dict(blobs)["it"], blobs.described["it"]), array)


def test_steps_are_of_a_size_that_is_told(rng):
    array = rng.standard_normal((5, 6))
    items, scale = quantise(array)
    assert items.dtype == np.int8
    assert np.abs(items).max() == STEPS
    assert np.abs(items * scale - array).max() <= 0.5 * scale * (1 + 1e-9)


def test_what_is_never_negative_needs_no_sign():
    items, scale = quantise(np.array([0.0, 1.0, 6.3]))
    assert (items.dtype, items.tolist()) == (np.uint8, [0, 10, 63])
    assert scale == pytest.approx(0.1)


def test_zeros_stay_zeros():
    items, scale = quantise(np.zeros((2, 3)))
    assert (scale, items.any()) == (0.0, False)


def test_rounding_keeps_three_digits(rng):
    array = (rng.standard_normal(1000) * 10.0 ** rng.integers(-9, 9, 1000)).astype(np.float32)
    error = np.abs(rounded(array).astype(np.float64) / array - 1).max()
    assert 2.0 ** -(ABOUT + 3) < error <= 2.0 ** -(ABOUT + 1)
    assert not (rounded(array).view(np.uint32) & 0x7FF).any()
