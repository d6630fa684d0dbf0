"""Learning rates by hand and against Caffe's formulas."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minifcn.training.policies import POLICIES, fixed, poly, step, with_warm_up

LINE = poly(8.0, power=1, steps=4)


@pytest.mark.parametrize(
    ("policy", "rates"),
    [
        (fixed(0.1), [0.1] * 5),
        (step(8.0, gamma=0.5, every=3), [8, 8, 8, 4, 4, 4, 2, 2]),
        (LINE, [8, 6, 4, 2, 0, 0]),  # a straight line with power 1
        (with_warm_up(fixed(8.0), steps=3), [2, 4, 6, 8, 8]),
        (with_warm_up(LINE, steps=1), [4, 6, 4, 2]),
        (with_warm_up(fixed(8.0), steps=0), [8]),
        (POLICIES["fixed"](0.5, 10), [0.5] * 9),
        (POLICIES["step"](8.0, 7), [8, 8, 8, 0.8, 0.8, 0.8, 0.08]),  # never a fourth rate
        (POLICIES["poly"](0.5, 10), [0.5 * (1 - t / 10) ** 0.9 for t in range(10)]),
    ],
)
def test_rates_by_hand(policy, rates):
    assert [policy(t) for t in range(len(rates))] == pytest.approx(rates)


@given(st.integers(0, 999), st.floats(1e-10, 1), st.floats(0.01, 1), st.integers(1, 400))
def test_step_is_caffes(t, lr, gamma, every):
    assert step(lr, gamma, every)(t) == lr * math.pow(gamma, math.floor(t / every))


@given(st.integers(0, 1000), st.floats(1e-10, 1), st.floats(0.1, 3))
def test_poly_is_caffes(t, lr, power):
    assert poly(lr, power, 1000)(t) == lr * math.pow(1 - t / 1000, power)
