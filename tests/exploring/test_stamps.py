"""Bilinear maps as the page adds them up."""

import numpy as np
import pytest

from minifcn.exploring.stamps import residual, stamped
from minifcn.layers import Deconv2d


@pytest.mark.parametrize(
    ("kernel", "stride", "pad"), [(4, 2, 0), (4, 2, 1), (15, 8, 3), (16, 8, 4)]
)
def test_the_sum_of_stamps_and_what_is_left_give_the_librarys_map_bit_for_bit(kernel, stride, pad):
    layer = Deconv2d(3, 3, kernel, stride=stride, pad=pad, bilinear=True)
    x = np.random.default_rng(0).standard_normal((3, 5, 7)).astype(np.float32)
    y = layer.infer(x[None])[0]
    summed = stamped(layer, x, y.shape[1:])
    np.testing.assert_allclose(summed, y, atol=1e-6)
    bits = summed.astype(np.float32).view(np.int32) + residual(layer, x, y)
    assert np.array_equal(bits.view(np.float32), y)


def test_stamps_add_up_to_the_definition():
    layer = Deconv2d(2, 2, (4, 4), stride=2, pad=1, bilinear=True)
    x = np.random.default_rng(1).standard_normal((2, 3, 4)).astype(np.float32)
    weight, y = layer.params["weight"][0, 0].astype(np.float64), np.zeros((2, 8, 10))
    for a, b in np.ndindex(3, 4):
        y[:, 2 * a : 2 * a + 4, 2 * b : 2 * b + 4] += weight * x[:, a, b, None, None]
    np.testing.assert_allclose(stamped(layer, x, (6, 8)), y[:, 1:-1, 1:-1], rtol=1e-14, atol=1e-15)
