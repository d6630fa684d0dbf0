"""Dropout: its statistics, and that its gradient drops and scales alike."""

import numpy as np
import pytest

from minifcn.functional.dropout import dropout_backward, dropout_forward


@pytest.mark.parametrize("ratio", [0.25, 0.5, 0.8])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_elements_are_dropped_singly_and_the_others_scaled(rng, ratio, dtype):
    x = np.ones((2, 3, 50, 60), dtype)
    y, cache = dropout_forward(x, ratio=ratio, rng=rng)
    assert y.dtype == dtype
    np.testing.assert_allclose(np.unique(y), [0, 1 / (1 - ratio)], rtol=1e-6)
    # 18,000 draws: the standard deviation of the share is below 0.004. No channel goes as a whole.
    assert float((y == 0).mean()) == pytest.approx(ratio, abs=0.02)
    np.testing.assert_allclose((y == 0).mean(axis=(2, 3)), ratio, rtol=0, atol=0.05)
    assert float(y.mean()) == pytest.approx(1, abs=0.05)
    np.testing.assert_array_equal(dropout_backward(x, cache), y)


def test_the_gradient_by_hand():
    x = np.array([1.0, 2, 3, 4, 5, 6])
    y, cache = dropout_forward(x, ratio=0.5, rng=np.random.default_rng(3))
    dx = dropout_backward(np.full(6, 10.0), cache)
    assert y.tolist() == (2 * x * cache.keep).tolist()
    assert dx.tolist() == (20.0 * cache.keep).tolist()


def test_the_generator_decides_alone():
    x = np.ones((3, 40))
    first, again, other = (
        dropout_forward(x, ratio=0.5, rng=np.random.default_rng(seed))[0] for seed in (1, 1, 2)
    )
    assert (first == again).all() and (first != other).any()
