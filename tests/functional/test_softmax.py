"""Softmax and the loss per pixel: what counts, how it is normalised, and the gradient."""

from math import log

import numpy as np
import pytest
from helpers.cases import normal
from hypothesis import given
from hypothesis import strategies as st

from minifcn.functional import naive
from minifcn.functional.softmax import softmax, softmax_loss_backward, softmax_loss_forward

# Two pixels, three classes: probabilities 1/4 1/4 1/2 and 1/2 1/4 1/4.
SCORES = np.log(np.array([[1.0, 1, 2], [2, 1, 1]]).T).reshape(1, 3, 1, 2)


def labels(*values: int) -> np.ndarray:
    return np.array(values).reshape(1, 1, -1)


def test_probabilities_by_hand():
    np.testing.assert_allclose(softmax(SCORES)[0, :, 0].T, [[0.25, 0.25, 0.5], [0.5, 0.25, 0.25]])


def test_the_loss_and_its_gradient_by_hand():
    loss, cache = softmax_loss_forward(SCORES, labels(2, 1), normalization="none")
    assert float(loss) == pytest.approx(log(2) + log(4))
    gradient = softmax_loss_backward(np.array(10.0), cache)[0, :, 0].T
    np.testing.assert_allclose(gradient, [[2.5, 2.5, -5], [5, -7.5, 2.5]])


def test_an_ignored_pixel_counts_neither_in_the_loss_nor_in_the_gradient():
    loss, cache = softmax_loss_forward(SCORES, labels(2, 255))
    assert float(loss) == pytest.approx(log(2))  # divided by one pixel, not by two
    gradient = softmax_loss_backward(np.array(1.0), cache)[0, :, 0].T
    np.testing.assert_allclose(gradient, [[0.25, 0.25, -0.5], [0, 0, 0]])


def test_zero_scores_cost_the_logarithm_of_the_number_of_classes():
    loss, _ = softmax_loss_forward(np.zeros((2, 21, 3, 4)), np.full((2, 3, 4), 7))
    assert float(loss) == pytest.approx(log(21))


def test_a_batch_without_a_labelled_pixel_costs_nothing():
    loss, cache = softmax_loss_forward(SCORES, labels(255, 255))
    assert loss == 0 and not softmax_loss_backward(np.array(1.0), cache).any()


def test_huge_scores_do_not_overflow():
    scores = np.array([1e4, 0, -1e4], np.float32).reshape(1, 3, 1, 1)
    assert softmax(scores).ravel().tolist() == [1, 0, 0]
    loss, cache = softmax_loss_forward(scores, labels(2))
    assert float(loss) == 20_000  # of which float32 knows no probability: exp(-103.3) is its least
    assert softmax_loss_backward(np.float32(1), cache).ravel().tolist() == [1, 0, -1]


def test_what_is_infinite_where_nothing_counts_costs_nothing():
    scores = SCORES.copy()
    scores[0, 0, 0, 1] = -np.inf  # class 0 is impossible at a pixel that is not labelled
    loss, _ = softmax_loss_forward(scores, labels(2, 255))
    assert float(loss) == pytest.approx(log(2))


@given(
    n=st.integers(1, 3),
    classes=st.integers(1, 4),
    size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    normalization=st.sampled_from(["valid", "batch", "none"]),
    weighted=st.booleans(),
    ignore_index=st.sampled_from([255, 0, -1]),
    magnitude=st.sampled_from([1, 1e4]),
    seed=st.integers(0, 100),
)
def test_the_loss_equals_the_plain_loops(n, classes, size, weighted, magnitude, seed, **options):
    scores = magnitude * normal(seed, n, classes, *size)
    label = np.random.default_rng(seed).integers(0, classes, (n, *size))
    label[:, 0, 0] = options["ignore_index"]
    options["class_weight"] = np.arange(1.0, classes + 1) if weighted else None
    loss, _ = softmax_loss_forward(scores, label, **options)
    expected = naive.softmax_loss(scores, label, **options)
    assert float(loss) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_the_gradient_of_each_pixel_sums_to_zero():
    # Adding a constant to all scores of a pixel changes nothing.
    label = np.random.default_rng(2).integers(0, 5, (2, 3, 4))
    _, cache = softmax_loss_forward(normal(1, 2, 5, 3, 4), label)
    gradient = softmax_loss_backward(np.array(3.0), cache)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-15)


@pytest.mark.parametrize("label_dtype", [np.uint8, np.int32, np.int64])
def test_float32_in_float32_out(label_dtype):
    scores = normal(1, 2, 3, 4, 5, dtype=np.float32)
    label = np.random.default_rng(2).integers(0, 3, (2, 4, 5)).astype(label_dtype)
    label[0, 0] = 255
    before = label.copy()
    loss, cache = softmax_loss_forward(scores, label, class_weight=np.array([1.0, 2, 3]))
    gradient = softmax_loss_backward(np.ones_like(loss), cache)
    assert loss.dtype == gradient.dtype == np.float32 and loss.ndim == 0
    np.testing.assert_array_equal(label, before)


def test_a_classifier_has_one_label_an_image():
    scores = normal(1, 4, 3)
    label = np.array([0, 2, 1, 255])
    loss, cache = softmax_loss_forward(scores, label)
    expected = naive.softmax_loss(scores[:, :, None, None], label[:, None, None])
    assert float(loss) == pytest.approx(expected)
    assert softmax_loss_backward(np.array(1.0), cache).shape == (4, 3)


@pytest.mark.parametrize("label_dtype", [np.uint16, np.int64, np.uint64])
def test_of_more_than_255_classes_each_counts(label_dtype):
    scores = normal(1, 2, 300, 3, 4)
    label = np.random.default_rng(2).integers(250, 260, (2, 3, 4)).astype(label_dtype)
    assert (label == 255).any()
    loss, _ = softmax_loss_forward(scores, label, ignore_index=-1)
    assert float(loss) == pytest.approx(naive.softmax_loss(scores, label, ignore_index=-1))


def test_255_cannot_be_a_class_and_ignored():
    scores, label = np.zeros((1, 256, 2, 2)), np.zeros((1, 2, 2), int)
    message = "255 is one of the 256 classes, so it cannot be the label to ignore; .* such as -1"
    with pytest.raises(ValueError, match=message):
        softmax_loss_forward(scores, label)
    softmax_loss_forward(scores[:, :255], label)


@pytest.mark.parametrize(
    ("scores", "label", "options", "message"),
    [
        (SCORES, labels(0, 1) * 1.0, {}, "softmax loss: labels must be integers, not"),
        (SCORES, labels(0, 1) > 0, {}, "softmax loss: labels must be integers, not"),
        *(
            (SCORES, labels(0, 1), {"class_weight": np.array(weights)}, "ask for as many weights")
            for weights in ([1.0], [1.0, 2, 3, 4], [[1.0, 2, 3]])
        ),
        (SCORES, labels(0, 1), {"normalization": "mean"}, r"'batch', 'none'\), not 'mean'"),
        (
            *(np.zeros((2, 3, 4, 5)), np.zeros((2, 5, 4), int), {}),
            r"scores \(2, 3, 4, 5\) ask for labels \(2, 4, 5\), got \(2, 5, 4\)",
        ),
    ],
)
def test_impossible_labels_and_weights_are_refused(scores, label, options, message):
    with pytest.raises(ValueError, match=message):
        softmax_loss_forward(scores, label, **options)


@pytest.mark.parametrize("shape", [(2, 0, 3, 4), (2,)])
def test_scores_of_no_class_are_refused(shape):
    with pytest.raises(ValueError, match=r"softmax: expected an array \(N, C, ...\) with at least"):
        softmax(np.zeros(shape))
