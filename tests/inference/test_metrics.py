"""The confusion matrix against a loop over pixels; the figures against the paper's equations."""

import math

import numpy as np
import pytest
from helpers.stand_in_array import counted
from hypothesis import given
from hypothesis import strategies as st

from minifcn.backend import to_device
from minifcn.inference.metrics import ConfusionMatrix, Scores, format_table, markdown_table

at_once = pytest.mark.host  # a device would have to be waited for


def matrix(rows) -> ConfusionMatrix:
    confusion = ConfusionMatrix(len(rows))
    confusion.counts[...] = rows
    return confusion


def count_by_loop(label, prediction, classes, ignore):
    counts = [[0] * classes for _ in range(classes)]
    for truth, guess in zip(label.ravel().tolist(), prediction.ravel().tolist(), strict=True):
        if 0 <= truth < classes and truth != ignore:
            counts[truth][guess] += 1
    return counts


def figures_by_loop(n):
    """The four equations of section 5, over the classes the reference's nan-mean leaves in."""
    classes = range(len(n))
    t = [sum(n[i]) for i in classes]
    union = [t[i] + sum(n[j][i] for j in classes) - n[i][i] for i in classes]
    accuracy = [n[i][i] / t[i] for i in classes if t[i]]
    iu = [n[i][i] / union[i] for i in classes if union[i]]
    return (
        sum(n[i][i] for i in classes) / sum(t),
        sum(accuracy) / len(accuracy),
        sum(iu) / len(iu),
        sum(t[i] * n[i][i] / union[i] for i in classes if t[i]) / sum(t),
    )


@given(st.data(), st.integers(1, 6), st.sampled_from([0, 2, 255]))
def test_counts_equal_a_loop_over_pixels(data, classes, ignore):
    shape = data.draw(st.tuples(st.integers(1, 2), st.integers(1, 5), st.integers(1, 4)))
    size = math.prod(shape)
    labels = st.sampled_from([*range(classes), classes, 200, 255])
    label = np.array(data.draw(st.lists(labels, min_size=size, max_size=size)), np.uint8)
    guesses = st.integers(0, classes - 1)
    prediction = np.array(data.draw(st.lists(guesses, min_size=size, max_size=size)))
    confusion = ConfusionMatrix(classes, ignore_index=ignore)
    confusion.update(label.reshape(shape), prediction.reshape(shape))
    assert confusion.counts.tolist() == count_by_loop(label, prediction, classes, ignore)


def test_counts_on_each_device(xp):
    confusion = ConfusionMatrix(3)
    label = to_device(np.array([[[0, 1, 2], [2, 255, 2]]], np.uint8), xp)
    confusion.update(label, to_device(np.array([[[0, 2, 2], [1, 0, 2]]]), xp))
    assert confusion.counts.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 2]]


@pytest.mark.host  # it brings its own device
def test_a_device_is_not_waited_for_until_the_counts_are_read(device, rng):
    host, other = ConfusionMatrix(5), ConfusionMatrix(5)
    label = rng.integers(0, 7, (3, 4, 6)).astype(np.uint8)
    label[0, 0] = 255
    prediction = np.where(label > 4, 9, rng.integers(0, 5, label.shape))  # ignored, where wrong
    for truth, guess in zip(label, prediction, strict=True):
        truth_there, guess_there = to_device(truth, device), to_device(guess, device)
        with counted() as transfers:
            other.update(truth_there, guess_there)
        assert not transfers
        host.update(truth, guess)
    with counted() as transfers:
        np.testing.assert_array_equal(other.counts, host.counts)
        assert other.scores().mean_iu == host.scores().mean_iu
    assert transfers == {"download": 1}
    other.update(truth_there, guess_there)
    host.update(truth, guess)
    np.testing.assert_array_equal(other.counts, host.counts)


@pytest.mark.host
@pytest.mark.parametrize("wrong", [3, -1])
def test_impossible_predictions_on_a_device_are_refused_when_the_counts_are_read(device, wrong):
    confusion = ConfusionMatrix(3)
    for prediction in ([0, 1, 2], [wrong, wrong, 0]):
        confusion.update(*(to_device(np.array(a), device) for a in ([0, 1, 2], prediction)))
    with pytest.raises(ValueError, match=r"classes in 0\.\.2, but 2 pixels have others; does the"):
        confusion.scores()
    assert not confusion.counts.any()


@pytest.mark.parametrize(
    ("label", "prediction"),
    [
        (np.array([-1, 1]), np.array([0, 1])),
        (np.array([255, 1]), np.array([255, 1])),  # where it is ignored, a guess may be anything
    ],
)
def test_negative_and_ignored_labels_drop_out(label, prediction):
    confusion = ConfusionMatrix(2)
    confusion.update(label, prediction)
    assert confusion.counts.tolist() == [[0, 0], [0, 1]]


def test_small_types_do_not_overflow():
    confusion = ConfusionMatrix(60)  # 59 * 60 + 59 does not fit a byte
    confusion.update(np.array([59], np.uint8), np.array([59], np.uint8))
    assert confusion.counts[59, 59] == 1


@given(st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=4, max_size=4))
def test_figures_equal_the_equations(rows):
    if not np.any(rows):
        rows[0][0] = 1
    assert matrix(rows).scores()[:4] == pytest.approx(figures_by_loop(rows), rel=1e-14)


def test_figures_by_hand():
    scores = matrix([[6, 2, 0], [1, 3, 0], [0, 1, 7]]).scores()
    # t = 8, 4, 8; unions = 8 + 7 - 6, 4 + 6 - 3, 8 + 7 - 7
    assert scores.class_accuracy.tolist() == [6 / 8, 3 / 4, 7 / 8]
    assert scores.class_iu.tolist() == [6 / 9, 3 / 7, 7 / 8]
    assert scores.pixel_accuracy == 16 / 20
    assert scores.mean_accuracy == pytest.approx((6 / 8 + 3 / 4 + 7 / 8) / 3)
    assert scores.mean_iu == pytest.approx((6 / 9 + 3 / 7 + 7 / 8) / 3)
    assert scores.fw_iu == pytest.approx((8 * 6 / 9 + 4 * 3 / 7 + 8 * 7 / 8) / 20)


def test_a_class_neither_there_nor_predicted_is_skipped():
    scores = matrix([[3, 1, 0], [0, 4, 0], [0, 0, 0]]).scores()
    assert scores[:4] == matrix([[3, 1], [0, 4]]).scores()[:4]
    assert np.isnan([scores.class_accuracy[2], scores.class_iu[2]]).all()


def test_a_class_that_is_only_predicted_has_iu_0_which_counts_in_one_mean_and_not_in_the_other():
    scores = matrix([[3, 0, 1], [0, 4, 0], [0, 0, 0]]).scores()
    assert scores.class_iu[2] == 0 and np.isnan(scores.class_accuracy[2])
    assert scores.mean_iu == pytest.approx((3 / 4 + 1 + 0) / 3)
    assert scores.occurring_mean_iu == pytest.approx((3 / 4 + 1) / 2)


def test_an_empty_matrix_has_no_figures():
    confusion = ConfusionMatrix(3)
    confusion.update(np.full((2, 2), 255), np.zeros((2, 2), int))
    assert all(np.isnan(figure).all() for figure in confusion.scores())


def test_merging_is_counting_everything(rng):
    label, prediction = rng.integers(0, 4, (2, 6, 5, 5))
    whole, merged = ConfusionMatrix(4), ConfusionMatrix(4)
    whole.update(label, prediction)
    for part in (slice(0, 2), slice(2, 6)):
        confusion = ConfusionMatrix(4)
        confusion.update(label[part], prediction[part])
        merged += confusion
    np.testing.assert_array_equal(merged.counts, whole.counts)


Z = np.zeros(2, int)


@pytest.mark.parametrize(
    ("label", "prediction", "message"),
    [
        (Z[None], Z[:, None], r"one shape, not \(1, 2\) and \(2, 1\)"),
        (Z * 1.0, Z, "label must be of integers, not float64"),
        (Z, Z > 0, "prediction must be of integers, not bool"),
        pytest.param(Z, np.array([1, 3]), r"in 0\.\.2, .* from 1 to 3;", marks=at_once),
        pytest.param(Z, np.array([-1, 1]), r"in 0\.\.2, .* from -1 to 1;", marks=at_once),
    ],
)
def test_impossible_maps_are_refused(label, prediction, message):
    confusion = ConfusionMatrix(3)
    with pytest.raises(ValueError, match=message):
        confusion.update(label, prediction)
    assert not confusion.counts.any()


def test_impossible_numbers_of_classes_are_refused():
    with pytest.raises(ValueError, match="at least 1, not 0"):
        ConfusionMatrix(0)
    with pytest.raises(ValueError, match="4 and 1 classes"):
        ConfusionMatrix(4).__iadd__(ConfusionMatrix(1))
    with pytest.raises(ValueError, match="expected 2 class names, got 1"):
        format_table(matrix([[1, 0], [0, 1]]).scores(), ["cat"])


def test_of_more_than_255_classes_each_counts():
    label = np.array([[254, 255, 256]], np.uint16)
    confusion = ConfusionMatrix(300, ignore_index=-1)
    confusion.update(label, label.astype(int))
    assert np.diag(confusion.counts)[254:257].tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="metrics: 255 is one of the 300 classes, so it cannot"):
        ConfusionMatrix(300)


SCORES = Scores(0.8, 0.75, 0.5, 0.625, np.array([1.0, np.nan]), np.array([0.125, 0.0]))


@pytest.mark.host
def test_table():
    assert format_table(SCORES, ("background", "cat")).splitlines() == [
        "percent                accuracy         IU",
        "------------------------------------------",
        "background               100.00      12.50",
        "cat                           -       0.00",
        "------------------------------------------",
        "mean                      75.00      50.00",
        "mean, of what occurs      75.00      12.50",
        "all pixels / f.w.         80.00      62.50",
    ]


@pytest.mark.host
def test_table_for_a_document():
    assert markdown_table(SCORES, ("background", "cat")).splitlines() == [
        "| percent | accuracy | IU |",
        "| --- | ---: | ---: |",
        "| background | 100.00 | 12.50 |",
        "| cat | - | 0.00 |",
        "| mean | 75.00 | 50.00 |",
        "| mean, of what occurs | 75.00 | 12.50 |",
        "| all pixels / f.w. | 80.00 | 62.50 |",
    ]
