"""The second label map of the shapes: how they are turned, as their outlines show it."""

from __future__ import annotations

from math import cos, pi, sqrt

import numpy as np
import pytest

from minifcn.data import open_dataset
from minifcn.data.shapes import ShapesDataset
from minifcn.data.shapes.outline import OUTLINES
from minifcn.data.shapes.render import Thing
from minifcn.data.shapes.turns import CLASSES, straighten, turn_class, turn_labels

KINDS = list(OUTLINES)
ROUND = [1 + KINDS.index("disc"), 1 + KINDS.index("ring")]
STEPS = {"square": 45, "triangle": 60, "cross": 45, "star": 36}  # degrees, upright to turned


def thing_of(kind: str, degrees: float) -> Thing:
    return Thing(KINDS.index(kind), 48.0, 48.0, 36.0, np.radians(degrees))


# Samples


def test_a_sample():
    dataset = open_dataset("shapes", "val", two_heads=True, size=(50, 70))
    sample = dataset[3]
    assert set(sample.extra_labels) == {"geo"} and not sample.extras
    assert sample.extra_labels["geo"].shape == (50, 70)
    assert sample.extra_labels["geo"].dtype == np.uint8


def test_classes_and_colours_of_the_head():
    dataset = ShapesDataset("train", two_heads=True)
    assert dataset.extra_classes == {"geo": ("background", "round", "upright", "turned")}
    assert dataset.extra_palettes["geo"].shape == (256, 3)
    assert dataset.extra_palettes["geo"].dtype == np.uint8


def test_without_the_option_there_is_one_head():
    dataset = ShapesDataset("train")
    assert not dataset.extra_classes and not dataset.extra_palettes
    assert not dataset[0].extra_labels


def test_a_sample_is_a_function_of_seed_split_and_index():
    first = ShapesDataset("train", length=9, two_heads=True)[5]
    again = ShapesDataset("train", length=6, two_heads=True)[5]
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.extra_labels["geo"], again.extra_labels["geo"])


def test_both_maps_have_the_same_background_and_the_same_boundary():
    for sample in ShapesDataset("train", length=10, two_heads=True):
        geo = sample.extra_labels["geo"]
        assert np.array_equal(geo == 0, sample.label == 0)
        assert np.array_equal(geo == 255, sample.label == 255)


def test_discs_and_rings_are_round_and_nothing_else_is():
    for sample in ShapesDataset("train", length=20, two_heads=True):
        assert np.array_equal(sample.extra_labels["geo"] == 1, np.isin(sample.label, ROUND))


def test_every_other_shape_is_upright_as_often_as_turned():
    samples = list(ShapesDataset("train", length=150, two_heads=True))
    label = np.stack([sample.label for sample in samples])
    geo = np.stack([sample.extra_labels["geo"] for sample in samples])
    assert np.unique(geo).tolist() == [0, 1, 2, 3, 255]
    for kind in STEPS:
        turned = geo[label == 1 + KINDS.index(kind)] == CLASSES.index("turned")
        assert 0.35 < turned.mean() < 0.65


def test_with_depth_the_maps_are_the_same():
    flat = ShapesDataset("train", two_heads=True)[2]
    deep = ShapesDataset("train", two_heads=True, depth=True)[2]
    assert set(deep.extras) == {"depth", "hha"}
    assert np.array_equal(flat.label, deep.label)
    assert np.array_equal(flat.extra_labels["geo"], deep.extra_labels["geo"])


# What the classes mean: how far shapes of radius 36 reach above and below their centres


@pytest.mark.parametrize(
    ("kind", "value", "above", "below"),
    [
        ("square", "upright", 36 / sqrt(2), 36 / sqrt(2)),
        ("square", "turned", 36, 36),
        ("triangle", "upright", 36, 18),
        ("triangle", "turned", 18, 36),
        ("cross", "upright", 36, 36),
        ("cross", "turned", (36 + 5) / sqrt(2), (36 + 5) / sqrt(2)),  # 10 pixels thick
        ("star", "upright", 36, 36 * cos(pi / 5)),
        ("star", "turned", 36 * cos(pi / 5), 36),
    ],
)
def test_upright_and_turned_by_their_outlines(kind, value, above, below):
    things = [thing_of(kind, i * STEPS[kind]) for i in range(8)]
    chosen = [thing for thing in things if CLASSES[turn_class(thing)] == value]
    assert len(chosen) == 4  # every second step
    for thing in chosen:
        rows = np.flatnonzero(turn_labels((96, 96), [thing]).any(axis=1))
        # The boundary band and a pixel's own extent.
        assert 48 - rows[0] == pytest.approx(above, abs=2)
        assert rows[-1] + 1 - 48 == pytest.approx(below, abs=2)


@pytest.mark.parametrize("kind", KINDS)
def test_straightening_keeps_the_class_and_clears_what_lies_between(kind):
    for degrees in np.random.default_rng(0).uniform(0, 360, 50):
        thing = thing_of(kind, degrees)
        straight = straighten(thing)
        assert straight._replace(angle=thing.angle) == thing
        assert turn_class(straight) == turn_class(thing)
        if kind in STEPS:
            steps = np.degrees(straight.angle) / STEPS[kind]
            assert abs(steps - round(steps)) <= 0.2 + 1e-9


def test_round_shapes_stay_as_they_are():
    assert straighten(thing_of("disc", 50)) == thing_of("disc", 50)


def test_later_shapes_cover_earlier_ones():
    disc = Thing(KINDS.index("disc"), 48.0, 48.0, 16.0, 0.0)
    label = turn_labels((96, 96), [thing_of("square", 0), disc])
    assert CLASSES[label[48, 48]] == "round" and CLASSES[label[48, 28]] == "upright"
