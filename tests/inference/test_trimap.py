"""Bands around borders: distances by hand and by the definition, and what is counted in them."""

import numpy as np
import pytest

from minifcn.inference.trimap import band_confusions, border_distance


def by_definition(label: np.ndarray, up_to: int) -> np.ndarray:
    """The distance to the nearest pixel with another label, each compared with each."""
    rows, columns = np.indices(label.shape).reshape(2, -1)
    apart = np.maximum(abs(rows[:, None] - rows), abs(columns[:, None] - columns))
    other = label.ravel()[:, None] != label.ravel()
    nearest = np.where(other, apart, up_to + 1).min(axis=1)
    return np.minimum(nearest, up_to + 1).reshape(label.shape)


def test_distances_by_hand():
    label = np.array([[0, 0, 0, 255, 1, 1]], np.uint8)
    assert border_distance(label, 2).tolist() == [[3, 2, 1, 1, 1, 2]]


@pytest.mark.parametrize("up_to", [1, 3, 20])
def test_distances_are_those_of_the_definition(up_to):
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, (4, 5)).repeat(4, 0).repeat(3, 1).astype(np.uint8)
    label[rng.random(label.shape) < 0.02] = 255
    np.testing.assert_array_equal(border_distance(label, up_to), by_definition(label, up_to))


def test_an_image_of_one_class_has_no_border():
    assert (border_distance(np.zeros((3, 4), np.uint8), 5) == 6).all()


def test_what_lies_within_is_counted(monkeypatch):
    rng = np.random.default_rng(1)
    label = np.zeros((9, 12), np.uint8)
    label[:, 6:] = 1
    label[0, 0] = 255
    found = rng.integers(0, 2, label.shape).astype(np.uint8)
    sample = type("Sample", (), {"image": None, "label": label, "extras": {}})
    model = type("Model", (), {"class_names": ("background", "thing")})
    monkeypatch.setattr("minifcn.inference.trimap.segment_all", lambda *_, **__: {"": found})
    (near, wide), whole = band_confusions(model, [sample], [1, 3])

    away = border_distance(label, 12)
    for matrix, part in ((near, away <= 1), (wide, away <= 3), (whole, away >= 0)):
        part = part & (label != 255)
        for true in (0, 1):
            for guess in (0, 1):
                assert (
                    matrix.counts[true, guess] == (part & (label == true) & (found == guess)).sum()
                )
