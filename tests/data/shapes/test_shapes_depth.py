"""The shapes with depth: one scene in colour, depth and HHA, and neither of them shows it all."""

import numpy as np
import pytest

from minifcn.data.hha import encode_hha
from minifcn.data.normals import points
from minifcn.data.shapes import ShapesDataset
from minifcn.data.shapes.depth import FLAT, HIDDEN, camera_of, conceal, render_depth
from minifcn.data.shapes.render import Thing, render

SIZE = (128, 136)
DISC, SQUARE = Thing(0, 50.0, 60.0, 30.0, 0.0), Thing(1, 60.0, 80.0, 24.0, 0.3)
NOISE = 1.5e-3  # of the inverse depth


def depth_of(*things: Thing, seed: int = 0) -> np.ndarray:
    return render_depth(np.random.default_rng(seed), SIZE, list(things))[0]


def picture_of(*things: Thing) -> tuple[np.ndarray, np.ndarray]:
    """An image as floats, and its labels; the same background for all things, other noise."""
    image, label = render(np.random.default_rng(0), SIZE, list(things))
    return image.astype(float), label


def plane(depth: np.ndarray, area: np.ndarray) -> tuple[np.ndarray, float]:
    """The n of the plane n . p = 1 that fits an area best, and how far 1 / depth is from it."""
    rays = points(np.ones(SIZE), camera_of(SIZE))[area]
    normal, *_ = np.linalg.lstsq(rays, 1 / depth[area], rcond=None)
    return normal, float((rays @ normal - 1 / depth[area]).std())


@pytest.mark.parametrize("size", [(32, 32), (50, 121), (300, 200)])
def test_depth_is_that_of_a_room_at_any_size(size):
    for sample in ShapesDataset("train", size=size, length=10, depth=True):
        depth = sample.extras["depth"]
        assert depth.dtype == np.float32 and 0.5 < depth.min() < depth.max() < 8


def test_hha_is_computed_from_this_depth_and_camera():
    dataset = ShapesDataset("train", depth=True)
    extras = dataset[0].extras
    assert np.array_equal(extras["hha"], encode_hha(extras["depth"], dataset.camera))


# The room


def test_floor_and_wall_are_planes_at_a_right_angle():
    for seed in range(5):
        depth, floor = render_depth(np.random.default_rng(seed), SIZE, [])
        (below, off_floor), (ahead, off_wall) = plane(depth, floor), plane(depth, ~floor)
        assert off_floor == pytest.approx(NOISE, rel=0.1)
        assert off_wall == pytest.approx(NOISE, rel=0.1)
        height, distance = 1 / np.linalg.norm(below), 1 / np.linalg.norm(ahead)
        assert 1.58 < height < 2.02 and 3.18 < distance < 4.52
        assert abs(below @ ahead) * height * distance < 0.03  # cosine: 2 degrees, from the noise
        assert below[1] > abs(below[0]) and below[2] > 0  # below us, and we look down at it


def test_hha_knows_the_floor_from_the_wall():
    for seed in range(5):
        depth, floor = render_depth(np.random.default_rng(seed), SIZE, [])
        _, height, angle = np.moveaxis(encode_hha(depth, camera_of(SIZE)).astype(int), 2, 0)
        assert np.median(angle[floor]) == pytest.approx(38, abs=4)
        assert np.median(angle[~floor]) == pytest.approx(128, abs=4)
        assert np.median(height[floor]) < 15 < np.median(height[~floor])


def test_the_floor_is_darker_in_the_picture():
    for index in range(3):
        sample = ShapesDataset("train", depth=True)[index]
        plain = ShapesDataset("train")[index]
        empty = sample.label == 0
        ratio = sample.image[empty].astype(float) / np.maximum(plain.image[empty], 1)
        # A share of the background is as bright as without a room, the rest at 0.7.
        assert ratio.max() > 0.95 and np.percentile(ratio, 5) == pytest.approx(0.7, abs=0.1)


# The shapes in it


def test_a_shape_is_a_plane_in_front_of_the_room():
    for seed in range(5):
        room, depth = depth_of(seed=seed), depth_of(DISC, seed=seed)
        area = picture_of(DISC)[1] == 1
        assert plane(depth, area)[1] == pytest.approx(NOISE, rel=0.1)
        assert (room[area] / depth[area]).min() > 1.1
        assert np.median(room[~area] / depth[~area]) == pytest.approx(1, abs=0.005)


def test_shapes_are_upright_or_nearly_so():
    area = picture_of(DISC)[1] == 1
    for seed in range(5):
        depth, floor = render_depth(np.random.default_rng(seed), SIZE, [DISC])
        normal, down = plane(depth, area)[0], plane(depth, floor & (picture_of(DISC)[1] == 0))[0]
        cosine = normal @ down / np.linalg.norm(normal) / np.linalg.norm(down)
        assert abs(np.degrees(np.arcsin(cosine))) < 12


def test_later_shapes_are_in_front_as_in_the_picture():
    for seed in range(5):
        one, two = depth_of(DISC, seed=seed), depth_of(DISC, SQUARE, seed=seed)
        area = picture_of(DISC, SQUARE)[1] == 2
        assert (one[area] / two[area]).min() > 1.1


def test_depth_changes_at_the_outline_of_the_labels():
    room, depth = depth_of(), depth_of(SQUARE)
    label = picture_of(SQUARE)[1]
    nearer = room / depth > 1.05
    assert nearer[label == 2].all() and not nearer[label == 0].any()


# What one sense misses


def test_a_hidden_shape_has_the_colours_of_the_background_but_its_own_depth():
    hidden = SQUARE._replace(hidden=True)
    empty, (image, label) = picture_of()[0], picture_of(hidden)
    assert (label == 2).sum() > 1000
    # Only the noise is new: 5 in both pictures, so 7.1 between them.
    change = (image - empty)[label == 2]
    assert abs(change.mean()) < 1 and change.std() == pytest.approx(7.1, abs=0.5)
    assert np.array_equal(depth_of(hidden), depth_of(SQUARE))


def test_a_hidden_shape_covers_what_is_behind_it():
    image, label = picture_of(DISC, SQUARE._replace(hidden=True))
    both = (picture_of(DISC)[1] == 1) & (label == 2)
    assert both.sum() > 300
    assert abs((image - picture_of()[0])[both]).mean() < 7
    assert abs((image - picture_of(DISC)[0])[both]).mean() > 30


def test_a_flat_shape_is_seen_but_has_no_depth():
    flat = SQUARE._replace(flat=True)
    (image, label), empty = picture_of(flat), picture_of()[0]
    assert abs(image - empty)[label == 2].mean() > 30
    assert np.allclose(depth_of(flat), depth_of(), rtol=0.05)  # the noise, at 6 metres


def test_a_flat_shape_casts_no_shadow():
    image, label = picture_of(SQUARE._replace(flat=True))
    assert abs((image - picture_of()[0])[label == 0].mean()) < 0.5


def test_chance_decides_which_are_hidden_and_which_flat():
    things = conceal(np.random.default_rng(0), [DISC] * 4000)
    assert np.mean([thing.hidden for thing in things]) == pytest.approx(HIDDEN, abs=0.03)
    assert np.mean([thing.flat for thing in things]) == pytest.approx(FLAT, abs=0.03)
    assert not any(thing.hidden and thing.flat for thing in things)
    assert {thing._replace(hidden=False, flat=False) for thing in things} == {DISC}
