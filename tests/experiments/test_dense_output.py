"""Experiments on dense output: what they compare is what they say."""

import numpy as np
import pytest

from minifcn.experiments import dense, heat_map, patches, stitch
from minifcn.experiments.timing import timed
from minifcn.inference.heat_map import HeatMap


def test_of_several_calls_the_shortest_counts_and_the_value_comes_along():
    values = iter(range(3))
    taken, value = timed(lambda: next(values), 3)
    assert value == 2 and 0 <= taken < 1000


def test_shifts_and_rarefaction_differ_by_rounding():
    *times, apart = stitch._tried(seed=3, f=2)
    assert min(times) > 0 and apart < stitch.SAME


def test_the_power_of_a_square_is_two():
    assert stitch._exponent((1, 2, 4), 3 * np.array([1, 4, 16])) == pytest.approx(2)


def test_windows_by_themselves_have_the_scores_of_the_whole():
    assert dense._apart(seed=3) < dense.SAME


def test_patches_have_the_gradients_of_the_image(monkeypatch):
    monkeypatch.setattr(patches, "PLACES", (2, 3))
    whole, in_turn, batch = patches._tried(seed=3)
    assert whole[1:] == (1, 0) and in_turn[1] == 6
    assert max(in_turn[2], batch[2]) < patches.SAME
    # Six patches of 8 x 8 pixels, of an image of 10 x 12.
    assert 1 < batch[1] < 6


def test_a_heat_map_is_held_to_the_label_map(monkeypatch):
    share = np.zeros((2, 2, 2), np.float32)
    share[0], share[1] = [[0.9, 0.1], [0.3, 0.5]], [[0.1, 0.9], [0.7, 0.5]]
    heat = HeatMap(share, np.array([0.0, 2]), np.array([0.0, 2]))
    monkeypatch.setattr(heat_map, "heat_map", lambda model, image: heat)

    class Sample:
        image = np.zeros((64, 64, 3), np.uint8)
        label = np.zeros((64, 64), np.uint8)

    class Model:
        class_names = ("disc", "star")

    Sample.label[0, 0] = 1  # the first place sees the first class, the others the background
    seen = heat_map._of_scene(Model, Sample)
    assert seen.inside == pytest.approx(90) and seen.outside == pytest.approx(100 * 0.9 / 3)
