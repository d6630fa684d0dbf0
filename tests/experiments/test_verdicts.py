"""Verdicts: what may be said of paired figures."""

import pytest

from minifcn.experiments.experiment import FAILS, HOLDS, OPEN
from minifcn.experiments.verdicts import (
    alike,
    change,
    differences,
    higher,
    opposite,
    said,
    together,
)


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ([50, 52, 51], [40, 41, 45], HOLDS),
        ([50, 52, 51], [49.5, 51.5, 50.5], FAILS),  # by half a point, which is noise
        ([40, 41], [50, 52], FAILS),
        ([50, 40], [45, 45], OPEN),  # the seeds disagree
        ([50], [40], HOLDS),
    ],
)
def test_what_is_higher_is_so_with_every_seed(first, second, verdict):
    assert higher(first, second) == verdict


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ([50, 52], [50.4, 51.5], HOLDS),
        ([50, 52], [53, 54], FAILS),
        ([50, 52], [53, 49], OPEN),  # alike in the mean, but not with either seed
        ([50, 50], [51.2, 50], HOLDS),
    ],
)
def test_what_is_alike_differs_by_no_more_than_noise(first, second, verdict):
    assert alike(first, second) == verdict


def test_parts_of_a_statement_have_to_hold_together():
    assert together(HOLDS, HOLDS) == HOLDS
    assert together(HOLDS, OPEN) == OPEN
    assert together(OPEN, FAILS, HOLDS) == FAILS


def test_differences_are_of_pairs_and_figures_are_told_with_their_spread():
    assert differences([3, 5], [1, 1]).tolist() == [2, 4]
    assert said([42.1, 44.0]) == "43.0 (42.1 \N{EN DASH} 44.0)"
    assert said([1234.5], digits=0) == "1,234"


@pytest.mark.parametrize(("one", "other"), [(HOLDS, FAILS), (FAILS, HOLDS), (OPEN, OPEN)])
def test_the_opposite(one, other):
    assert opposite(one) == other


@pytest.mark.parametrize(
    ("first", "second", "digits", "expected"),
    [
        ([3, 5, 4], [1, 2, 3], 1, "+2.0 (+1.0 to +3.0)"),
        ([3], [4], 1, "-1.0"),
        ([0.512], [0.5], 2, "+0.01"),
        ([0.99], [1], 1, "+0.0"),
    ],
)
def test_a_change_has_its_sign_and_its_range(first, second, digits, expected):
    assert change(first, second, digits) == expected
