"""The matrices of fast convolution: by hand, and that they compute a correlation."""

import numpy as np
import pytest

from minifcn.functional.fast.toom_cook import EIGHT, SIX, toom_cook

pytestmark = pytest.mark.host


def test_two_outputs_of_three_weights_by_hand():
    data, weight, output = toom_cook(np, (0, 1, -1), 3, "float64")
    # Row p: the polynomial that vanishes at the other points; at infinity x (x - 1) (x + 1).
    assert data.tolist() == [[-1, 0, 1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, -1, 0, 1]]
    # (1, p, p^2), divided by the value of that polynomial at p.
    assert weight.tolist() == [[-1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]
    assert output.tolist() == [[1, 1, 1, 0], [0, 1, -1, 1]]


@pytest.mark.parametrize(
    ("points", "kernel_size"),
    [
        ((0,), 1),
        ((0,), 2),
        ((0, 1, -1), 3),
        ((3, 0.5, -7, 0), 5),
        (SIX, 3),
        (SIX, 5),
        (EIGHT, 3),
        (EIGHT, 7),
    ],
)
def test_they_compute_a_correlation(points, kernel_size, rng):
    matrices = toom_cook(np, points, kernel_size, "float64")
    d, g = rng.standard_normal(len(points) + 1), rng.standard_normal(kernel_size)
    y = matrices.output @ ((matrices.weight @ g) * (matrices.data @ d))
    np.testing.assert_allclose(y, np.correlate(d, g), rtol=1e-9, atol=1e-9)


def test_they_have_the_type_asked_for():
    assert {matrix.dtype for matrix in toom_cook(np, SIX, 3, np.dtype("f4"))} == {np.dtype("f4")}
