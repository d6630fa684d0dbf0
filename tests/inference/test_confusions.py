"""A confusion matrix in words."""

import csv
import io

import numpy as np
import pytest

from minifcn.inference.confusions import (
    COLUMNS,
    csv_confusions,
    format_confusions,
    largest_confusions,
    markdown_confusions,
)

COUNTS = np.array([[60, 30, 10], [0, 5, 15], [0, 0, 0]])
NAMES = ("sky", "car", "tree")


def many(classes: int) -> tuple[np.ndarray, list[str]]:
    counts = np.random.default_rng(0).integers(0, 9, (classes, classes))
    return counts + 999 * np.eye(classes, dtype=int), [f"class {i}" for i in range(classes)]


def test_confusions_are_ordered_by_their_share_of_the_true_class():
    assert largest_confusions(COUNTS) == [
        (1, 2, 15, 0.75),
        (0, 1, 30, 0.3),
        (0, 2, 10, 0.1),
    ]
    assert largest_confusions(COUNTS, 1) == [(1, 2, 15, 0.75)]
    assert largest_confusions(np.eye(3, dtype=int)) == []


def test_few_classes_are_printed_as_a_matrix():
    assert format_confusions(COUNTS, NAMES).splitlines() == [
        "confusion, percent of a class (row) that was taken for each (column)",
        "           0    1    2",
        " 0 sky  60.0 30.0 10.0",
        " 1 car     . 25.0 75.0",
        " 2 tree    .    .    .",
    ]


@pytest.mark.parametrize("classes", [2, 11, 12, 60])
def test_what_is_printed_fits_into_a_terminal(classes):
    counts, names = many(classes)
    text = format_confusions(10**6 * counts, [f"a very long name of {name}" for name in names])
    assert max(map(len, text.splitlines())) <= COLUMNS
    assert ("largest confusions" in text) is (classes > 11)


def test_of_many_classes_the_largest_confusions_are_named():
    counts, names = many(40)
    counts[3, 5] = 9999
    first = format_confusions(counts, names).splitlines()[1]
    assert first.strip().startswith("89.5  class 3 taken for class 5") and "(9,999 pixels)" in first


def test_markdown_is_a_table_or_a_list():
    assert markdown_confusions(COUNTS[:2, :2], ("a|b", "c")).splitlines() == [
        "| percent of a row | a\\|b | c |",
        "| --- | ---: | ---: |",
        "| a\\|b | 66.7 | 33.3 |",
        "| c | . | 100.0 |",
    ]
    assert markdown_confusions(*many(40)).startswith("- ")


def test_csv_reads_back():
    first, *rows = csv.reader(io.StringIO(csv_confusions(COUNTS, ('"a", b', "c", "d"), "geo")))
    assert first == ["geo truth \\ prediction", '"a", b', "c", "d"]
    assert [list(map(int, row[1:])) for row in rows] == COUNTS.tolist()
