"""HHA of rooms whose answers are known: a camera held at some height, tilted and rolled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minifcn.data.dataset import DataError
from minifcn.data.hha import NYUD_CAMERA, encode_hha, estimate_gravity
from minifcn.data.normals import Camera, points

CAMERA = Camera(173.0, 173.0, 106.5, 79.5)  # NYUDv2's at a third of its resolution
SIZE = (160, 214)
FLOOR, WALL, CEILING = 38, 128, 218


def frame(tilt, roll):
    """Return down, ahead and right of a camera that looks down and is turned, in degrees."""
    a, b = np.radians(tilt), np.radians(roll)
    down = np.array([np.sin(b) * np.cos(a), np.cos(b) * np.cos(a), np.sin(a)])
    right = np.cross(down, [0, 0, 1])
    right /= np.linalg.norm(right)
    return down, np.cross(right, down), right


def room(planes):
    """Return a depth map, metres, and for each pixel which plane (normal, distance) it shows."""
    x, y = CAMERA.rays(*SIZE)
    depths = []
    for normal, distance in planes:
        along = normal[0] * x + normal[1] * y + normal[2]
        with np.errstate(divide="ignore"):
            depths.append(np.where(along > 0, distance / along, np.inf))
    return np.min(depths, axis=0), np.argmin(depths, axis=0)


def interior(kinds, kind, margin=3):
    """Return the pixels whose neighbours all show the same plane."""
    same = np.pad(kinds == kind, margin, mode="edge")
    height, width = SIZE
    shifts = np.ndindex(2 * margin + 1, 2 * margin + 1)
    return np.all([same[i : i + height, j : j + width] for i, j in shifts], axis=0)


@pytest.mark.parametrize("tilt", [-14, 0, 10, 25])
@pytest.mark.parametrize("roll", [-8, 0, 5])
def test_a_room_has_its_angles_heights_and_disparities(tilt, roll):
    down, ahead, right = frame(tilt, roll)
    depth, kinds = room([(down, 1.2), (ahead, 3.0), (-down, 1.0), (right, 1.6), (-right, 1.8)])
    disparity, height, angle = np.moveaxis(encode_hha(depth, CAMERA).astype(float), -1, 0)
    for kind, expected in enumerate((FLOOR, WALL, CEILING, WALL, WALL)):
        inside = interior(kinds, kind)
        assert (abs(angle[inside] - expected) <= 1).all()
        assert kind != 1 or inside.any()
    np.testing.assert_allclose(disparity, 310 / np.maximum(depth, 1), atol=0.51)
    ground = 1.2 if (kinds == 0).any() else 1.3  # looking up, it sees no floor
    above = 100 * (ground - points(depth, CAMERA) @ down)
    # Gravity is found to 0.3 degrees, as corners have normals between those of their walls.
    np.testing.assert_allclose(height, np.clip(above, 0, 255), atol=2.5)


def test_a_wall_in_front_is_a_camera_s_usual_height_above_the_ground():
    hha = encode_hha(np.full(SIZE, 1.55), CAMERA)
    assert (hha[..., 0] == 200).all() and (hha[..., 2] == WALL).all()
    _, y = CAMERA.rays(*SIZE)
    np.testing.assert_allclose(hha[..., 1], np.broadcast_to(130 - 155 * y, SIZE), atol=0.51)


@pytest.mark.parametrize(("camera_height", "ground"), [(0.95, 0.95), (0.85, 1.3)])
def test_what_is_near_below_is_not_taken_for_the_floor(camera_height, ground):
    down, ahead, _ = frame(10, 0)
    depth, kinds = room([(down, camera_height), (ahead, 4.0)])
    height = encode_hha(depth, CAMERA)[..., 1].astype(int)
    expected = round(100 * (ground - camera_height))
    assert (kinds == 0).any() and (abs(height[kinds == 0] - expected) <= 2.5).all()  # as above


def test_disparity_counts_from_a_metre_and_what_is_beyond_a_byte_is_clipped():
    depth = np.full(SIZE, 0.4)
    depth[:, 100:] = 0.99
    assert (encode_hha(depth, CAMERA)[..., 0] == 255).all()
    hha = encode_hha(np.full(SIZE, 65.0), CAMERA)
    assert (hha[..., 0] == 5).all()  # 310 / 65 = 4.77
    assert hha[0, 0, 1] == 255 and hha[-1, 0, 1] == 0 and hha.dtype == np.uint8


def test_holes_are_filled_before_anything_is_computed():
    depth = np.full(SIZE, 2.0)
    expected = encode_hha(depth, CAMERA)
    depth[10:20, 30:40], depth[0, 0], depth[140, 3:9] = 0, np.nan, -1
    np.testing.assert_array_equal(encode_hha(depth, CAMERA), expected)


@pytest.mark.parametrize("shape", [(4,), (1, 9), (9, 1), (3, 4, 1)])
def test_what_is_no_map_is_refused(shape):
    with pytest.raises(ValueError, match="at least 2 x 2 pixels"):
        encode_hha(np.ones(shape))
    with pytest.raises(DataError, match="holes only"):
        encode_hha(np.zeros(SIZE))


def test_the_camera_of_nyud_is_counted_from_zero():
    # Gupta et al. give 325.58 and 253.74 to a program that counts pixels from 1.
    assert np.allclose(NYUD_CAMERA, (518.857901, 519.469611, 324.582449, 252.736166))


@settings(max_examples=20)
@given(st.integers(0, 999), st.floats(0, 0.3))
def test_a_mirrored_scene_has_the_mirrored_hha(seed, noise):
    down, ahead, right = frame(12, 0)
    depth, _ = room([(down, 1.3), (ahead, 2.5), (right, 1.5)])
    depth = depth * np.random.default_rng(seed).uniform(1 - noise, 1 + noise, SIZE)
    hha, mirrored = encode_hha(depth, CAMERA), encode_hha(depth[:, ::-1], CAMERA)  # cx is central
    apart = abs(hha[:, ::-1].astype(int) - mirrored)
    assert apart.max() <= 1 and (apart == 0).mean() > 0.99  # sums in another order


@settings(max_examples=20)
@given(st.integers(0, 999))
def test_farther_means_less_disparity_and_all_channels_keep_their_limits(seed):
    depth = np.random.default_rng(seed).uniform(0.3, 9, SIZE)
    hha = encode_hha(depth, CAMERA).astype(int)
    order = np.argsort(depth.ravel())
    assert (np.diff(hha[..., 0].ravel()[order]) <= 0).all()
    assert hha[..., 2].min() >= FLOOR and hha[..., 2].max() <= CEILING


# Gravity


@given(st.floats(-40, 40), st.floats(-10, 10), st.integers(0, 99))
def test_gravity_is_found_among_floors_walls_and_clutter(tilt, roll, seed):
    down, ahead, right = frame(tilt, roll)
    rng = np.random.default_rng(seed)
    surfaces = np.repeat([down, -down, ahead, right], (300, 60, 200, 150), axis=0)
    surfaces = surfaces + rng.normal(0, 0.02, surfaces.shape)
    normals = np.concatenate([surfaces, rng.normal(size=(40, 3))])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    found = estimate_gravity(normals)
    assert np.isclose(np.linalg.norm(found), 1)
    assert found @ down > np.cos(np.radians(2))


@pytest.mark.parametrize("normal", [(0, 0, 1), (1, 0, 0), (0.6, 0, 0.8)])
def test_walls_alone_leave_gravity_straight_down_in_the_picture(normal):
    np.testing.assert_allclose(estimate_gravity(np.array([normal])), [0, 1, 0], atol=1e-6)


def test_a_floor_alone_gives_its_own_normal():
    down, _, _ = frame(30, 4)
    np.testing.assert_allclose(estimate_gravity(np.tile(down, (5, 7, 1))), down, atol=1e-6)
