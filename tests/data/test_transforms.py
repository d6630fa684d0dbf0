"""Preprocessing, mirroring, translating, padding into batches."""

import json

import numpy as np
import pytest
from helpers.preprocessing import CAFFE_VOC, TORCHVISION

from minifcn.data.transforms import Preprocess, crop, mirror, resize, stack, translate

TORCH_STD = (0.229, 0.224, 0.225)
PIXEL = np.array([[[10, 20, 30]]], np.uint8)  # red, green, blue


@pytest.mark.parametrize(
    ("preprocess", "expected"),
    [
        (Preprocess("RGB", (0, 0, 0)), [10, 20, 30]),
        (Preprocess("BGR", (0, 0, 0)), [30, 20, 10]),
        (Preprocess("BGR", (1, 2, 3), (1.0, 0.5, 2.0)), [29, 9, 14]),  # all in that order
        (Preprocess("RGB", (10, 10, 10), 0.5), [0, 5, 10]),
        (TORCHVISION, ([10, 20, 30] / np.full(3, 255) - (0.485, 0.456, 0.406)) / TORCH_STD),
    ],
)
def test_channels_come_in_order_without_their_mean(preprocess, expected):
    image = PIXEL.copy()
    data = preprocess(image)
    assert data.shape == (3, 1, 1) and data.dtype == np.float32 and data.flags.c_contiguous
    # float32: a few ulp of the largest term, 2.1
    np.testing.assert_allclose(data.ravel(), expected, atol=1e-6)
    assert np.array_equal(image, PIXEL)


@pytest.mark.parametrize("preprocess", [CAFFE_VOC, TORCHVISION, Preprocess("RGB", (1, 2, 3), 2)])
def test_settings_survive_json(preprocess):
    assert Preprocess.from_dict(json.loads(json.dumps(preprocess.to_dict()))) == preprocess


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"order": "GBR", "mean": (0, 0, 0), "scale": 1}, "order must be 'RGB' or 'BGR'"),
        ({"order": "RGB", "mean": (0, 0), "scale": 1}, "mean must be three numbers"),
        ({"order": "RGB", "mean": (0, 0, 0), "scale": (1, 2)}, "scale must be three numbers"),
        ({"order": "RGB", "mean": (0, 0, 0)}, "must have order, mean and scale"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Preprocess.from_dict(settings)


@pytest.mark.parametrize("image", [np.zeros((2, 2), np.uint8), np.zeros((2, 2, 3))])
def test_what_is_no_image_is_refused(image):
    with pytest.raises(ValueError, match=r"uint8 array \(H, W, 3\)"):
        CAFFE_VOC(image)


def test_mirror_exchanges_left_and_right():
    assert mirror(np.array([[1, 2, 3], [4, 5, 6]])).tolist() == [[3, 2, 1], [6, 5, 4]]


@pytest.mark.parametrize(
    ("down", "right", "moved"),
    [
        (0, 1, [[9, 1, 2], [9, 4, 5]]),
        (0, -2, [[3, 9, 9], [6, 9, 9]]),
        (1, 0, [[9, 9, 9], [1, 2, 3]]),
        (-1, 1, [[9, 4, 5], [9, 9, 9]]),
        (2, 0, [[9, 9, 9], [9, 9, 9]]),
        (0, -4, [[9, 9, 9], [9, 9, 9]]),
    ],
)
def test_translate_by_hand(down, right, moved):
    assert translate(np.array([[1, 2, 3], [4, 5, 6]]), down, right, 9).tolist() == moved


def test_translate_moves_every_channel():
    data = np.arange(12.0, dtype=np.float32).reshape(3, 2, 2)
    moved = translate(data, 1, 0, 0)
    assert moved.dtype == np.float32
    assert np.array_equal(moved[:, 1], data[:, 0]) and not moved[:, 0].any()


def test_smaller_samples_are_padded_at_the_bottom_and_the_right():
    data = [np.ones((3, 2, 1), np.float32), np.ones((3, 1, 3), np.float32)]
    labels = [np.full((2, 1), 4, np.uint8), np.full((1, 3), 5, np.uint8)]
    batch, label = stack(data), stack(labels)
    assert batch.dtype == np.float32 and label.dtype == np.int32
    assert batch[:, 0].tolist() == [[[1, 0, 0], [1, 0, 0]], [[1, 1, 1], [0, 0, 0]]]
    assert label.tolist() == [[[4, 255, 255], [4, 255, 255]], [[5, 5, 5], [255, 255, 255]]]


def test_one_class_an_image_gives_a_vector():
    label = stack([3, 0])
    assert label.tolist() == [3, 0] and label.dtype == np.int32


def test_resizing_averages_data_and_picks_labels():
    data = np.indices((4, 6)).sum(axis=0, keepdims=True) % 2 * 8  # a chessboard
    label = np.repeat(np.repeat([[1, 2, 255], [3, 4, 5]], 2, 0), 2, 1).astype(np.uint8)
    smaller = resize(data.astype(np.float32), 0.5)
    assert smaller.shape == (1, 2, 3) and smaller.dtype == np.float32
    assert np.abs(smaller - 4).max() < 1
    assert resize(label, 0.5).tolist() == [[1, 2, 255], [3, 4, 5]]
    assert set(np.unique(resize(label, 1.7))) == {1, 2, 3, 4, 5, 255}  # none in between


@pytest.mark.parametrize("factor", [0.1, 0.5, 1.0, 1.37, 3.0])
def test_data_and_label_have_the_same_size_afterwards(factor):
    data, label = resize(np.zeros((4, 7, 5), np.float32), factor), resize(np.zeros((7, 5)), factor)
    assert data.shape == (4, *label.shape)
    assert label.shape == (max(1, round(7 * factor)), max(1, round(5 * factor)))


def test_resizing_by_one_changes_nothing():
    data = np.random.default_rng(0).standard_normal((3, 6, 5), dtype=np.float32)
    assert np.array_equal(resize(data, 1.0), data)


@pytest.mark.parametrize(
    ("corner", "expected"),
    [
        ((0, 0), [[0, 1], [4, 5]]),
        ((0.99, 0.99), [[6, 7], [10, 11]]),
        ((0.5, 0.34), [[5, 6], [9, 10]]),
    ],
)
def test_a_square_lies_anywhere_within(corner, expected):
    assert crop(np.arange(12).reshape(3, 4), corner, 2, 255).tolist() == expected


def test_what_a_smaller_array_lacks_is_filled_at_the_bottom_and_the_right():
    square = crop(np.ones((2, 1, 3), np.float32), (0.9, 0.9), 2, 0)
    assert square.tolist() == [[[1, 1], [0, 0]]] * 2 and square.dtype == np.float32
