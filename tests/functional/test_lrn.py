"""Local response normalisation."""

import numpy as np
from helpers.cases import normal

from minifcn.functional import naive
from minifcn.functional.lrn import lrn_backward, lrn_forward


def test_values_by_hand_and_alpha_is_divided_by_the_size():
    x = np.array([1.0, 2, 3]).reshape(1, 3, 1, 1)
    y, _ = lrn_forward(x, local_size=3, alpha=3.0, beta=1.0, k=1.0)
    # Energies 1+4, 1+4+9 and 4+9, times 3/3, plus 1.
    np.testing.assert_allclose(y.ravel(), [1 / 6, 2 / 15, 3 / 14])


def test_the_gradient_by_hand():
    # One channel: y = x / (1 + x**2), dy/dx = (1 - x**2) / (1 + x**2)**2.
    x = np.array([2.0]).reshape(1, 1, 1, 1)
    _, cache = lrn_forward(x, local_size=1, alpha=1.0, beta=1.0, k=1.0)
    np.testing.assert_allclose(lrn_backward(np.array([[[[10.0]]]]), cache), 10 * -3 / 25)


def test_the_reference_settings_are_the_default():
    x = 50 * normal(1, 1, 7, 2, 3)
    y, _ = lrn_forward(x)
    np.testing.assert_allclose(y, naive.lrn(x, local_size=5, alpha=1e-4, beta=0.75, k=1.0))
