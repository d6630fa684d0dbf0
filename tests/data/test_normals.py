"""Points and normals from depth: planes give their own, anything else the least squares."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minifcn.data.normals import Camera, box_mean, points, surface_normals

CAMERA = Camera(20.0, 24.0, 7.5, 5.0)
SIZES = st.tuples(st.integers(2, 12), st.integers(2, 14))


def noise(size, seed=0):
    return np.random.default_rng(seed).uniform(1, 4, size)


def window(i, j, radius):
    return slice(max(i - radius, 0), i + radius + 1), slice(max(j - radius, 0), j + radius + 1)


@given(SIZES, st.integers(0, 20))
def test_the_mean_is_that_of_the_square_as_far_as_it_is_inside(size, radius):
    values = noise(size)
    expected = [
        [values[window(i, j, radius)].mean() for j in range(size[1])] for i in range(size[0])
    ]
    np.testing.assert_allclose(box_mean(values, radius), expected, rtol=1e-12)


def test_points_project_back_to_their_pixels():
    depth = noise((10, 12))
    x, y, z = np.moveaxis(points(depth, CAMERA), -1, 0)
    np.testing.assert_array_equal(z, depth)
    rows, columns = np.indices(depth.shape)
    np.testing.assert_allclose(CAMERA.fx * x / z + CAMERA.cx, columns, atol=1e-12)
    np.testing.assert_allclose(CAMERA.fy * y / z + CAMERA.cy, rows, atol=1e-12)


def test_a_cropped_camera_sees_the_same_points():
    depth = noise((10, 12))
    expected = points(depth, CAMERA)[2:, 3:]
    np.testing.assert_allclose(points(depth[2:, 3:], CAMERA.cropped(top=2, left=3)), expected)


@given(SIZES, st.integers(1, 5), st.integers(0, 99))
def test_normals_are_those_of_least_squares_in_every_window(size, radius, seed):
    depth = noise(size, seed)
    x, y = (np.broadcast_to(part, size) for part in CAMERA.rays(*size))
    normals = surface_normals(depth, CAMERA, radius)
    for i, j in np.ndindex(size):
        at = window(i, j, radius)
        rays = np.stack([x[at].ravel(), y[at].ravel(), np.ones(x[at].size)], axis=1)
        plane = np.linalg.lstsq(rays, 1 / depth[at].ravel(), rcond=None)[0]
        plane /= np.linalg.norm(plane)
        plane *= np.sign(plane @ (x[i, j], y[i, j], 1))
        np.testing.assert_allclose(normals[i, j], plane, atol=1e-7)


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.1, 50), st.integers(1, 6))
def test_a_plane_has_one_normal_up_to_the_border(slope_x, slope_y, distance, radius):
    normal = np.array([slope_x, slope_y, 1]) / np.linalg.norm([slope_x, slope_y, 1])
    x, y = CAMERA.rays(11, 13)
    along = normal[0] * x + normal[1] * y + normal[2]
    normals = surface_normals(distance / along, CAMERA, radius)
    np.testing.assert_allclose(normals, np.broadcast_to(normal, normals.shape), atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_normals_have_length_one_and_point_away_from_the_camera(dtype):
    depth = noise((9, 11)).astype(dtype)
    normals = surface_normals(depth, CAMERA, 1)
    assert normals.dtype == np.float64
    np.testing.assert_allclose(np.linalg.norm(normals, axis=-1), 1)
    assert ((normals * points(depth, CAMERA)).sum(axis=-1) >= 0).all()
