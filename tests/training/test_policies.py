"""Learning rates by hand and against Caffe's formulas."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minifcn.training.policies import POLICIES, fixed, poly, step, with_warm_up


def test_fixed_never_changes():
    assert [fixed(0.1)(t) for t in (0, 1, 10**6)] == [0.1] * 3


def test_step_drops_at_the_multiples():
    policy = step(8.0, gamma=0.5, every=3)
    assert [policy(t) for t in range(8)] == [8, 8, 8, 4, 4, 4, 2, 2]


def test_poly_falls_in_a_straight_line_with_power_1():
    assert [poly(8.0, power=1, steps=4)(t) for t in range(5)] == [8, 6, 4, 2, 0]


def test_poly_stays_at_0_after_the_last_step():
    assert poly(8.0, power=0.9, steps=4)(5) == 0


@given(st.integers(0, 999), st.floats(1e-10, 1), st.floats(0.01, 1), st.integers(1, 400))
def test_step_is_caffes(t, lr, gamma, every):
    assert step(lr, gamma, every)(t) == lr * math.pow(gamma, math.floor(t / every))


@given(st.integers(0, 1000), st.floats(1e-10, 1), st.floats(0.1, 3))
def test_poly_is_caffes(t, lr, power):
    assert poly(lr, power, 1000)(t) == lr * math.pow(1 - t / 1000, power)


def test_warm_up_climbs_to_the_policy():
    policy = with_warm_up(fixed(8.0), steps=3)
    assert [policy(t) for t in range(5)] == [2, 4, 6, 8, 8]


def test_warm_up_multiplies_a_falling_policy():
    policy = with_warm_up(poly(8.0, power=1, steps=4), steps=1)
    assert [policy(t) for t in range(4)] == [4, 6, 4, 2]


def test_no_warm_up_leaves_the_policy():
    assert with_warm_up(fixed(8.0), steps=0)(0) == 8


def test_policies_by_name():
    assert POLICIES["fixed"](0.5, 10)(9) == 0.5
    by_name = POLICIES["step"](8.0, 7)  # drops every 3 steps: never a fourth rate
    assert [by_name(t) for t in (2, 3, 6)] == pytest.approx([8, 0.8, 0.08])
    assert POLICIES["poly"](0.5, 10)(4) == poly(0.5, 0.9, 10)(4)
