"""What is said of figures: the contrary of a verdict, and how far one lies above another."""

import pytest

from minifcn.experiments.experiment import FAILS, HOLDS, OPEN
from minifcn.experiments.verdicts import change, contrary


@pytest.mark.parametrize(("one", "other"), [(HOLDS, FAILS), (FAILS, HOLDS), (OPEN, OPEN)])
def test_the_contrary(one, other):
    assert contrary(one) == other


@pytest.mark.parametrize(
    ("first", "second", "digits", "expected"),
    [
        ([3, 5, 4], [1, 2, 3], 1, "+2.0 (+1.0 to +3.0)"),
        ([3], [4], 1, "-1.0"),
        ([0.512], [0.5], 2, "+0.01"),
    ],
)
def test_a_change_has_its_sign_and_its_range(first, second, digits, expected):
    assert change(first, second, digits) == expected
