"""Heat maps: the shares of the classes, where their places lie, and the picture of one class."""

import numpy as np
import pytest
from helpers.drawn import draw_all
from helpers.preprocessing import CAFFE_VOC

from minifcn.classify import probabilities
from minifcn.data.dataset import DataError
from minifcn.inference import heat_map as module
from minifcn.inference.heat_map import HeatMap, draw, heat_map
from minifcn.inference.model import Model
from minifcn.models import ModelSpec, build
from minifcn.system.machine import Memory


def classifier(padding: str = "same") -> Model:
    spec = ModelSpec("classifier", "googlenet", 4, 1 / 32, padding)
    return Model(draw_all(build(spec)), spec, CAFFE_VOC, ("a", "b", "c", "d"), [])


def photograph(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_at_each_place_the_classes_share_what_there_is():
    heat = heat_map(classifier(), photograph(100, 130))
    assert heat.share.shape == (4, len(heat.rows), len(heat.columns))
    assert min(heat.share.shape) > 1 and heat.share.min() >= 0
    np.testing.assert_allclose(heat.share.sum(axis=0), 1, rtol=1e-6)


def test_an_image_of_the_classifiers_size_has_its_probabilities():
    # Its middle is the image itself, once it is as large as `probabilities` scales it to.
    model, image = classifier(), np.full((73, 73, 3), (200, 30, 90), np.uint8)
    heat = heat_map(model, image[:64, :64])
    np.testing.assert_allclose(heat.share[:, 0, 0], probabilities(model, image), rtol=1e-5)


def test_places_of_googlenet_lie_32_pixels_apart_around_its_window():
    # Five windows of stride 2 (7, 3, 3, 3 and 3 pixels, conv1's padded by 3) and one of 7 pixels at
    # stride 32: 0 + 2 + 4 + 8 + 16 + 3 * 32.
    heat = heat_map(classifier("faithful"), photograph(256, 320))
    assert heat.rows.tolist() == [126, 158]
    assert heat.columns.tolist() == [126, 158, 190, 222]


def test_colours_follow_the_share_between_the_places():
    share = np.zeros((2, 2, 3), np.float32)
    share[1] = [[0, 0.25, 0.5], [0, 0, 0]]
    heat = HeatMap(share, np.array([20.0, 60.0]), np.array([20.0, 50.0, 80.0]))
    picture = draw(np.zeros((80, 100, 3), np.uint8), heat, 1, "title")[:80].sum(axis=2)
    assert picture[20, 85] == picture[5, 95] > picture[20, 60] > picture[20, 25] > picture[20, 5]
    assert picture[20, 85] > picture[40, 85] > picture[65, 85] == picture[75, 5]


def test_a_dot_marks_each_place_and_the_scale_names_the_highest_share():
    share = np.full((1, 1, 2), 0.5, np.float32)
    heat = HeatMap(share, np.array([30.0]), np.array([25.0, 75.0]))
    image = np.zeros((60, 240, 3), np.uint8)
    picture, other = (draw(image, heat, 0, title) for title in ("cat", "dog"))
    white = (picture == 255).all(axis=2)
    assert white[30, 24] and white[30, 74] and not white[30, 50]
    assert picture.shape[1] == 240 and len(picture) > 60
    assert (picture != other)[60:].any() and (picture == other)[:60].all()
    lower = draw(image, heat._replace(share=share / 2), 0, "cat")
    assert (lower == picture)[:60].all() and (lower != picture)[60:].any()


def test_a_class_that_is_nowhere_is_drawn_as_nowhere():
    heat = HeatMap(np.zeros((1, 1, 1), np.float32), np.array([8.0]), np.array([8.0]))
    picture = draw(np.zeros((40, 90, 3), np.uint8), heat, 0, "none")
    assert (picture[20:40] == picture[20, 0]).all()


def test_an_image_that_is_smaller_than_the_window_is_refused():
    with pytest.raises(DataError, match="63 x 90 pixels is too small .* looks at 64 x 64"):
        heat_map(classifier(), photograph(63, 90))


def test_an_image_too_large_for_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr(module, "device_memory", lambda xp: Memory(1 << 20, 1 << 20))
    with pytest.raises(DataError, match="to slide over 64 x 64 pixels needs about 0.* are free"):
        heat_map(classifier(), photograph(64, 64))
