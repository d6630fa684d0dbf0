"""Crop, EltwiseSum, EltwiseMax, Concat and Scale: the layers that make skips."""

import numpy as np
import pytest

from minifcn.functional import naive
from minifcn.layers import Concat, Crop, EltwiseMax, EltwiseSum, Scale
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


ZEROS = np.zeros((1, 2, 3, 4))
SIZES, SHAPES = [(3, 2), (2, 4)], [(1, 1, 4, 5), (1, 2, 4, 5), (3, 4, 5)]
CHANNELS = "scale: expected images of 3 channels, got the shape"
BEYOND = r"x .* pixels from offset \(1, 2\) do not fit into 3 x 4.*larger padding"


@pytest.mark.parametrize(
    ("run", "message"),
    [
        *((lambda s=s: Crop((1, 2)).forward(ZEROS, np.zeros((1, 1, *s))), BEYOND) for s in SIZES),
        *((lambda o=o: Crop(o), "crop: offset must be") for o in ((-1, 0), (0, 1.5), (1, 2, 3))),
        (
            lambda: Crop((0, 0)).forward(ZEROS[0], ZEROS),
            r"crop: expected a batch .* \(2,",
        ),
        (lambda: EltwiseSum().forward(ZEROS, ZEROS[..., :3]), "at least two inputs of one shape"),
        (lambda: EltwiseSum().forward(ZEROS), "at least two inputs"),
        (
            lambda: EltwiseSum((0.5, 0.5)).forward(*[ZEROS] * 3),
            "2 coefficients do not fit 3 in",
        ),
        (lambda: EltwiseMax().forward(ZEROS, ZEROS[..., :3]), "at least two inputs of one shape"),
        (lambda: EltwiseMax().forward(ZEROS), "at least two inputs"),
        (lambda: Concat().forward(ZEROS, ZEROS[..., :3]), "batch and image sizes must agree"),
        (lambda: Concat().forward(np.zeros(3), np.zeros(3)), "batch and image sizes must agree"),
        *((lambda s=s: Scale(3).forward(np.ones(s, "f4")), CHANNELS) for s in SHAPES),
        *((lambda s=s: Scale(3).output_shape(s), CHANNELS) for s in SHAPES),
        (lambda: Scale(0), "scale: channels must be a whole number of at least 1"),
    ],
)
def test_what_cannot_be_joined_or_scaled_is_refused(run, message):
    with pytest.raises(ValueError, match=message):
        run()


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


def test_of_equals_the_first_has_the_gradient_of_a_maximum():
    a, b, c = (np.array([[[row]]], float) for row in ([1, 5, 2], [1, 5, 3], [0, 5, 3]))
    y, cache = EltwiseMax().forward(a, b, c)
    assert y.ravel().tolist() == [1, 5, 3]
    gradients = EltwiseMax().backward(np.array([[[[7.0, 8, 9]]]]), cache)[0]
    expected = [[7, 8, 0], [0, 0, 9], [0, 0, 0]]
    assert [dx.ravel().tolist() for dx in gradients] == expected
    loops = naive.eltwise_max_backward(np.array([[[[7.0, 8, 9]]]]), [a, b, c])
    assert [dx.ravel().tolist() for dx in loops] == expected


@pytest.mark.parametrize("place", [0, 1])
def test_what_is_no_number_is_no_maximum_that_hides_it(place):
    bottoms = [np.zeros((1, 1, 1, 2)), np.ones((1, 1, 1, 2))]
    bottoms[place][..., 0] = np.nan
    y = EltwiseMax().infer(*bottoms)
    assert np.isnan(y).ravel().tolist() == [True, False]


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


def test_scale_starts_at_its_factor():
    layer = Scale(2, 0.01)
    y, _ = layer.forward(np.ones((1, 2, 1, 3), np.float32))
    np.testing.assert_allclose(y, 0.01)
    assert layer.params["weight"].shape == (2,)
