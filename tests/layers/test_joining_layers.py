"""Crop, EltwiseSum, Concat and Scale: the layers that make skips."""

from __future__ import annotations

import numpy as np
import pytest

from minifcn.layers import Concat, Crop, EltwiseSum, Scale
from minifcn.layers.geometry import Footprint


def test_crop_begins_at_the_offset_and_is_as_large_as_its_reference():
    x = np.arange(20.0).reshape(1, 1, 4, 5)
    crop = Crop((1, 2))
    y, cache = crop.forward(x, np.zeros((1, 7, 2, 2)))
    assert y[0, 0].tolist() == [[7, 8], [12, 13]]
    (dx, nothing), _ = crop.backward(np.ones_like(y), cache)
    expected = [[0, 0, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 0]]
    assert dx[0, 0].tolist() == expected and nothing is None


def test_crop_shifts_the_coordinates():
    assert Crop((19, 5)).footprint() == Footprint(shift=(19, 5))


@pytest.mark.parametrize("reference", [(1, 1, 4, 2), (1, 1, 2, 4)])
def test_a_crop_beyond_the_edge_is_refused(reference):
    message = r"x .* pixels from offset \(1, 2\) do not fit into 4 x 5.*larger padding"
    with pytest.raises(ValueError, match=message):
        Crop((1, 2)).forward(np.zeros((1, 1, 4, 5)), np.zeros(reference))


@pytest.mark.parametrize("offset", [(-1, 0), (0, 1.5), (1, 2, 3)])
def test_a_crop_from_before_the_edge_is_refused(offset):
    with pytest.raises(ValueError, match="crop: offset must be"):
        Crop(offset)


def test_a_crop_of_something_else_than_images_is_refused():
    with pytest.raises(ValueError, match=r"crop: expected a batch of images .* got the shape \(4,"):
        Crop((0, 0)).forward(np.zeros((4, 5, 6)), np.zeros((1, 1, 2, 2)))


def test_sum_with_and_without_coefficients():
    a, b, c = (np.full((1, 1, 1, 2), value) for value in (1.0, 10.0, 100.0))
    assert EltwiseSum().forward(a, b, c)[0].ravel().tolist() == [111, 111]
    layer = EltwiseSum((0.5, 2))
    y, cache = layer.forward(a, b)
    assert y.ravel().tolist() == [20.5, 20.5]
    da, db = layer.backward(np.ones_like(y), cache)[0]
    assert da.ravel().tolist() == [0.5, 0.5] and db.ravel().tolist() == [2, 2]


def test_a_sum_never_writes_to_its_first_input():
    a = np.ones((1, 1, 2, 3))
    EltwiseSum().forward(a, a, a, a)
    assert (a == 1).all()


def test_sums_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match="at least two inputs of one shape"):
        EltwiseSum().forward(np.zeros((1, 2, 3, 4)), np.zeros((1, 2, 3, 5)))
    with pytest.raises(ValueError, match="at least two inputs"):
        EltwiseSum().forward(np.zeros((1, 2, 3, 4)))
    with pytest.raises(ValueError, match="2 coefficients do not fit 3 inputs"):
        EltwiseSum((0.5, 0.5)).forward(*[np.zeros((1, 2, 3, 4))] * 3)


def test_concat_keeps_the_order():
    a, b = np.zeros((1, 1, 1, 2)), np.ones((1, 2, 1, 2))
    y, cache = Concat().forward(a, b)
    assert y[0, :, 0].tolist() == [[0, 0], [1, 1], [1, 1]]
    da, db = Concat().backward(np.arange(6.0).reshape(y.shape), cache)[0]
    assert da[0, :, 0].tolist() == [[0, 1]] and db[0, :, 0].tolist() == [[2, 3], [4, 5]]


def test_the_gradients_of_a_concat_are_parts_of_the_gradient_and_no_copies():
    a, b = np.zeros((2, 1, 3, 2)), np.zeros((2, 2, 3, 2))
    y, cache = Concat().forward(a, b)
    dy = np.ones_like(y)
    assert all(np.shares_memory(dx, dy) for dx in Concat().backward(dy, cache)[0])


def test_concat_of_different_sizes_is_refused():
    with pytest.raises(ValueError, match="batch and image sizes must agree"):
        Concat().forward(np.zeros((1, 2, 3, 4)), np.zeros((1, 5, 3, 5)))
    with pytest.raises(ValueError, match="batch and image sizes must agree"):
        Concat().forward(np.zeros(3), np.zeros(3))


def test_scale_starts_at_its_factor():
    layer = Scale(2, 0.01)
    y, _ = layer.forward(np.ones((1, 2, 1, 3), np.float32))
    np.testing.assert_allclose(y, 0.01)
    assert layer.params["weight"].shape == (2,)


@pytest.mark.parametrize("shape", [(1, 1, 4, 5), (1, 2, 4, 5), (3, 4, 5)])
def test_scale_of_other_channels_is_refused(shape):
    with pytest.raises(ValueError, match="scale: expected images of 3 channels, got the shape"):
        Scale(3).forward(np.ones(shape, np.float32))
    with pytest.raises(ValueError, match="scale: expected images of 3 channels, got the shape"):
        Scale(3).output_shape(shape)


def test_scale_needs_channels():
    with pytest.raises(ValueError, match="scale: channels must be a whole number of at least 1"):
        Scale(0)
