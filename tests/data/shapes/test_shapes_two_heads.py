"""The second label map of the shapes: how they are turned, as their outlines show it."""

from math import cos, pi, sqrt

import numpy as np
import pytest

from minifcn.data.dataset import DataError
from minifcn.data.shapes import ShapesDataset
from minifcn.data.shapes.outline import OUTLINES
from minifcn.data.shapes.render import Thing
from minifcn.data.shapes.turns import CLASSES, straighten, turn_class, turn_labels

KINDS = list(OUTLINES)
ROUND = [1 + KINDS.index("disc"), 1 + KINDS.index("ring")]
STEPS = {"square": 45, "triangle": 60, "cross": 45, "star": 36}  # degrees, upright to turned


def thing_of(kind: str, degrees: float) -> Thing:
    return Thing(KINDS.index(kind), 48.0, 48.0, 36.0, np.radians(degrees))


def test_classes_and_colours_of_the_head():
    dataset = ShapesDataset("train", two_heads=True)
    assert dataset.extra_classes == {"geo": ("background", "round", "upright", "turned")}
    assert dataset.extra_palettes["geo"].shape == (256, 3)
    assert dataset.extra_palettes["geo"].dtype == np.uint8


def test_one_of_the_two_maps_can_be_had_alone_with_the_same_images():
    both = ShapesDataset("train", length=1, two_heads=True)[0]
    for head, label in (("sem", both.label), ("geo", both.extra_labels["geo"])):
        alone = ShapesDataset("train", length=1, two_heads=True, head=head)
        assert not alone.extra_classes and not alone[0].extra_labels
        np.testing.assert_array_equal(alone[0].label, label)
        np.testing.assert_array_equal(alone[0].image, both.image)
    assert alone.class_names == CLASSES


@pytest.mark.parametrize(("two_heads", "head"), [(False, "geo"), (True, "kinds")])
def test_a_map_that_is_not_there_is_refused(two_heads, head):
    with pytest.raises(DataError, match=f"--head {head}: shapes has sem and geo"):
        ShapesDataset("train", two_heads=two_heads, head=head)


def test_both_maps_have_the_same_boundary_and_discs_and_rings_alone_are_round():
    for sample in ShapesDataset("train", length=20, two_heads=True):
        geo = sample.extra_labels["geo"]
        assert np.array_equal(geo == 0, sample.label == 0)
        assert np.array_equal(geo == 255, sample.label == 255)
        assert np.array_equal(geo == 1, np.isin(sample.label, ROUND))


def test_every_other_shape_is_upright_as_often_as_turned():
    samples = list(ShapesDataset("train", length=150, two_heads=True))
    label = np.stack([sample.label for sample in samples])
    geo = np.stack([sample.extra_labels["geo"] for sample in samples])
    assert np.unique(geo).tolist() == [0, 1, 2, 3, 255]
    for kind in STEPS:
        turned = geo[label == 1 + KINDS.index(kind)] == CLASSES.index("turned")
        assert 0.35 < turned.mean() < 0.65


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
        else:
            assert straight == thing


def test_later_shapes_cover_earlier_ones():
    disc = Thing(KINDS.index("disc"), 48.0, 48.0, 16.0, 0.0)
    label = turn_labels((96, 96), [thing_of("square", 0), disc])
    assert CLASSES[label[48, 48]] == "round" and CLASSES[label[48, 28]] == "upright"
