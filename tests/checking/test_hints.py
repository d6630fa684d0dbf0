"""What is said of wrong entries: ratios, places, exchanged and reversed axes."""

import numpy as np
import pytest

from minifcn.checking.hints import common_ratio, differing, hints, ratio_hint, worst

SIZES = {"the number of images": 3, "the area of the kernel": 6, "lr": 0.1}
EXPECTED = np.sin(1 + 1.7 * np.arange(24)).reshape(2, 3, 2, 2)
AXES = ("image", "channel", "row", "column")


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (2, "twice as large: a factor 2?"),
        (0.5, "half as large: a factor 2 missing?"),
        (-1, "of the opposite sign: a minus too many, or one too few?"),
        (-2, "of the opposite sign and twice as large: a factor 2?"),
        (3, "3 times as large: a factor of the number of images?"),
        (1 / 3, "0.3333 times as large: divided by the number of images?"),
        (6, "6 times as large: a factor of the area of the kernel?"),
        (10, "10 times as large: divided by lr?"),
        (1.7, "1.7 times as large"),
    ],
)
def test_a_ratio_is_put_into_words(ratio, said):
    assert ratio_hint(ratio, SIZES) == said
    assert hints(EXPECTED, ratio * EXPECTED, sizes=SIZES) == [said]


def test_entries_of_different_ratios_have_none_in_common():
    assert common_ratio([1, 2, 3], [2, 4, 6]) == pytest.approx(2)
    assert common_ratio([1, 2, 3], [2, 4, 5]) is None
    assert common_ratio([0, 0], [1, 2]) is None
    assert common_ratio([1, 2], [1 + 1e-6, 2 + 2e-6]) is None  # no factor, an inaccuracy


def test_where_the_wrong_entries_lie_is_said():
    got = EXPECTED.copy()
    got[1, 2] *= [[2, 3], [4, 5]]
    ignored = np.zeros((2, 1, 2, 2), bool)
    ignored[1] = True
    places = {"where the label is ignored": ignored, "elsewhere": ~ignored}
    assert hints(EXPECTED, got, sizes={}, axes=AXES, places=places) == [
        "only where the label is ignored",
        "only in image 1, channel 2",
    ]


def test_a_single_entry_is_not_said_to_have_something_in_common():
    got = EXPECTED.copy()
    got[0, 1, 1, 0] *= 1.7
    assert hints(EXPECTED, got, sizes={}, axes=AXES) == []
    got[0, 1, 1, 0] = 2 * EXPECTED[0, 1, 1, 0]
    assert hints(EXPECTED, got, sizes={}, axes=AXES) == ["twice as large: a factor 2?"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x: x.swapaxes(2, 3), "but row and column are exchanged"),
        (lambda x: x[:, :, ::-1], "but row run backwards"),
        (lambda x: x[..., ::-1, ::-1], "but row and column run backwards"),
        (lambda x: x[::-1], "but image run backwards"),
        (lambda x: 0 * x, "all of it is 0"),
        (lambda x: np.where(x > 0.9, np.nan, x), "not finite"),
    ],
)
def test_numbers_in_another_order_are_recognised(change, said):
    told = hints(EXPECTED, change(EXPECTED), sizes={}, axes=AXES)
    assert [hint for hint in told if said in hint], told


def test_the_worst_entries_come_first_and_a_nan_before_all():
    got = EXPECTED.copy()
    got[0, 0, 0, 1] += 1
    got[1, 1, 1, 1] += 2
    got[1, 0, 0, 0] = np.nan
    where = differing(EXPECTED, got)
    assert where.sum() == 3
    found = worst(EXPECTED, got, where, 5)
    assert [one.at for one in found] == [(1, 0, 0, 0), (1, 1, 1, 1), (0, 0, 0, 1)]
    assert found[1].got == pytest.approx(found[1].expected + 2)
