"""Label maps made coarse and fine again: what small ones become, worked out by hand."""

import numpy as np
import pytest

from minifcn.data.dataset import DataError
from minifcn.experiments.resampling import (
    METHODS,
    downsampling_matrix,
    resample,
    upsampling_matrix,
)
from minifcn.experiments.upper_bounds import label_files, upper_bounds
from minifcn.layers import Deconv2d

every_method = pytest.mark.parametrize("name", METHODS)


def labels(rows: list[list[int]]) -> np.ndarray:
    return np.array(rows, np.uint8)


# The two matrices


@pytest.mark.parametrize(
    ("size", "factor", "samples", "expected"),
    [
        (5, 2, "means", [[1 / 2, 1 / 2, 0, 0, 0], [0, 0, 1 / 2, 1 / 2, 0], [0, 0, 0, 0, 1]]),
        (5, 2, "middles", [[0, 1, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]]),
        (5, 3, "middles", [[0, 1, 0, 0, 0], [0, 0, 0, 0, 1]]),
        # Two pixels each side weigh 3 and 1; those beyond the edge are those before it.
        (
            4,
            2,
            "corners",
            [[6 / 8, 2 / 8, 0, 0], [1 / 8, 3 / 8, 3 / 8, 1 / 8], [0, 0, 2 / 8, 6 / 8]],
        ),
        (3, 1, "corners", [[1, 0, 0], [1 / 2, 1 / 2, 0], [0, 1 / 2, 1 / 2], [0, 0, 1]]),
        # The map is mirrored more than once: 0 1 1 0 0 1 1 0.
        (2, 4, "corners", [[1 / 2, 1 / 2], [1 / 2, 1 / 2]]),
    ],
)
def test_the_weights_of_pixels_in_samples(size, factor, samples, expected):
    found = downsampling_matrix(size, factor, samples)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("size", "samples", "up", "expected"),
    [
        (4, "corners", "bilinear", [[3, 1, 0], [1, 3, 0], [0, 3, 1], [0, 1, 3]]),
        (4, "means", "bilinear", [[4, 0], [3, 1], [1, 3], [0, 4]]),
        (5, "means", "nearest", [[4, 0, 0], [4, 0, 0], [0, 4, 0], [0, 4, 0], [0, 0, 4]]),
        (1, "corners", "bilinear", [[3, 1]]),
    ],
)
def test_the_weights_of_samples_in_pixels(size, samples, up, expected):
    found = upsampling_matrix(size, 2, samples, up)
    np.testing.assert_array_equal(4 * found, expected)


def test_corners_are_upsampled_as_by_the_fcn_s_deconvolution():
    samples = np.random.default_rng(0).standard_normal((1, 1, 4, 6)).astype(np.float32)
    rows, columns = (upsampling_matrix(8 * n, 8, "corners", "bilinear") for n in (3, 5))
    deconvolution = Deconv2d(1, 1, 16, stride=8, pad=8, bilinear=True)
    expected = deconvolution.infer(samples)
    # Equal but for the order of float32 sums.
    np.testing.assert_allclose(rows @ samples[0, 0] @ columns.T, expected[0, 0], atol=1e-6)


# The methods


def test_the_majority_of_a_cell_wins_and_of_equals_the_lowest():
    label = labels([[1, 1, 5, 3], [1, 2, 3, 5], [255, 2, 255, 255], [255, 255, 255, 255]])
    expected = [[1, 1, 3, 3], [1, 1, 3, 3], [2, 2, 0, 0], [2, 2, 0, 0]]
    assert resample(label, 2, METHODS["majority"]).tolist() == expected


@pytest.mark.parametrize(
    ("name", "factor", "row", "expected"),
    [
        ("nearest", 2, [1, 2, 3, 4, 5], [2, 2, 4, 4, 5]),  # the pixel in the middle
        ("nearest", 3, [1, 255, 3, 4, 5], [0, 0, 0, 5, 5]),
        # Class 1 has means 1 and 1/2, so at the pixels 1, 7/8, 5/8 and 1/2; the last is a tie.
        ("means-bilinear", 2, [1, 1, 1, 0], [1, 1, 1, 0]),
        ("means-bilinear", 2, [4, 4, 4, 2], [4, 4, 4, 2]),
        # Ignored boundaries wear away what they bound unless they are left out: class 1 has 3/4,
        # 1/8, 0 at the corners, so .59, .28, .09, .03 at the pixels.
        ("bilinear", 2, [1, 255, 255, 0], [1, 0, 0, 0]),
        ("bilinear-ignoring", 2, [1, 255, 255, 0], [1, 1, 0, 0]),
        ("bilinear", 4, [0, 0, 0, 1, 0, 0, 0, 0], [0] * 8),  # thin things are lost
        *((name, 2, [255, 255, 255], [0, 0, 0]) for name in METHODS),
    ],
)
def test_a_map_of_one_row(name, factor, row, expected):
    assert resample(labels([row]), factor, METHODS[name])[0].tolist() == expected


@every_method
def test_a_map_of_one_class_stays_as_it_is_whatever_the_factor(name):
    label = np.full((5, 7), 3, np.uint8)
    for factor in (1, 2, 3, 64):
        found = resample(label, factor, METHODS[name])
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, label)


@every_method
def test_halves_of_a_map_stay_as_they_are_where_cells_meet(name):
    label = np.repeat(labels([[7, 7, 2, 2]]), 6, axis=0)
    np.testing.assert_array_equal(resample(label, 2, METHODS[name]), label)
    np.testing.assert_array_equal(resample(label.T, 2, METHODS[name]), label.T)


# A whole set


def test_the_bound_is_the_mean_iu_of_the_whole_set_without_ignored_pixels():
    # Class 1: 3 of 4 that are called so. Class 2: 4 of 5 that are so. No class 0.
    maps = [labels([[1, 1], [1, 2]]), labels([[2, 2, 255], [2, 2, 255]])]
    assert upper_bounds(maps, [1, 2], METHODS["majority"]) == {
        1: 1.0,
        2: pytest.approx((3 / 4 + 4 / 5) / 2),
    }


def test_a_coarser_grid_has_a_lower_bound():
    rng = np.random.default_rng(0)
    maps = [np.kron(rng.integers(0, 3, (8, 9)), np.ones((8, 8))).astype(np.uint8) for _ in "ab"]
    bounds = list(upper_bounds(maps, [32, 16, 8, 4], METHODS["bilinear"]).values())
    assert bounds == sorted(bounds) and bounds[0] < 0.5 < bounds[-1]


def test_the_files_of_a_folder_are_sorted_and_other_kinds_passed_by(tmp_path):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(DataError, match=f"^{folder} is not a folder with label maps; give one"):
            label_files(folder)
    for name in ("b.png", "a.png", "c.jpg"):
        (tmp_path / name).touch()
    assert [file.name for file in label_files(tmp_path)] == ["a.png", "b.png"]
