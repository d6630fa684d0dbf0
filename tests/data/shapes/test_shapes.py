"""The embedded data set: reproducible, its labels exact, its conventions VOC's."""

import numpy as np
import pytest
from scipy import ndimage

from minifcn.data.dataset import DataError
from minifcn.data.shapes import ShapesClassification, ShapesDataset
from minifcn.data.shapes.outline import OUTLINES, thickness
from minifcn.data.shapes.render import BAND, Thing, render

NUM_CLASSES = len(OUTLINES) + 1


def drawn(kind: str, radius: float = 24.0, angle: float = 0.0):
    thing = Thing(list(OUTLINES).index(kind), 32.0, 32.0, radius, angle)
    return render(np.random.default_rng(0), (64, 64), [thing])


# Samples


def contents(sample):
    """Return all arrays of a sample."""
    return [sample.image, sample.label, *sample.extras.values(), *sample.extra_labels.values()]


@pytest.mark.parametrize("size", [(32, 32), (50, 121), (300, 200)])
@pytest.mark.parametrize(
    ("options", "extras", "heads"),
    [
        ({}, set(), set()),
        ({"depth": True}, {"depth", "hha"}, set()),
        ({"two_heads": True}, set(), {"geo"}),
        ({"depth": True, "two_heads": True}, {"depth", "hha"}, {"geo"}),
    ],
)
def test_a_sample_of_any_size_has_what_the_options_ask_for(size, options, extras, heads):
    dataset = ShapesDataset("train", size=size, **options)
    sample = dataset[3]
    assert sample.id == dataset.ids[3] == "train_00003"
    assert (set(sample.extras), set(sample.extra_labels)) == (extras, heads)
    assert set(dataset.extra_classes) == set(dataset.extra_palettes) == heads
    assert all(array.shape[:2] == size for array in contents(sample))
    assert all(array.dtype == np.uint8 for array in (sample.image, *sample.extra_labels.values()))
    assert sample.label.any()
    flat = ShapesDataset("train", size=size, **{**options, "depth": False})[3]
    assert np.array_equal(sample.label, flat.label)
    assert all(map(np.array_equal, flat.extra_labels.values(), sample.extra_labels.values()))


def test_all_classes_and_the_boundary_occur_and_nothing_else():
    values = np.unique(np.stack([s.label for s in ShapesDataset("val", length=30)]))
    assert values.tolist() == [*range(NUM_CLASSES), 255]


@pytest.mark.parametrize("options", [{}, {"depth": True, "two_heads": True}])
def test_a_sample_is_a_function_of_seed_split_and_index(options):
    first = contents(ShapesDataset("train", length=9, **options)[5])
    again = contents(ShapesDataset("train", length=6, **options)[5])
    assert all(map(np.array_equal, first, again))
    for other in (
        ShapesDataset("train", **options)[6],
        ShapesDataset("val", **options)[5],
        ShapesDataset("train", seed=1, **options)[5],
    ):
        assert not any(map(np.array_equal, first, contents(other)))


def test_splits_have_their_lengths_and_end():
    assert len(ShapesDataset("train")) == 2000 and len(ShapesDataset("val")) == 200
    assert len(list(ShapesDataset("val", length=3))) == 3


def test_larger_images_hold_more_shapes():
    label = ShapesDataset("train", size=(400, 400))[0].label
    assert ndimage.label((label > 0) & (label < 255))[1] > 10


@pytest.mark.parametrize(
    ("split", "options", "words"),
    [
        ("test", {}, "splits train and val, not 'test'"),
        ("train", {"size": (128, 31)}, "of at least"),
        ("train", {"length": 0}, "of at least"),
    ],
)
def test_what_there_is_not_is_refused(split, options, words):
    with pytest.raises(DataError, match=words):
        ShapesDataset(split, **options)


# Labels


@pytest.mark.parametrize("kind", OUTLINES)
def test_the_label_is_the_class_within_a_closed_band(kind):
    label = drawn(kind, angle=0.3)[1]
    band, inside = label == 255, label == 1 + list(OUTLINES).index(kind)
    assert band.any() and inside.any() and (band | inside | (label == 0)).all()
    assert not (ndimage.binary_dilation(inside) & (label == 0)).any()


AREAS = {
    "disc": np.pi * 24**2,
    "square": 2 * 24**2,
    "triangle": 3 * np.sqrt(3) / 4 * 24**2,
    "ring": np.pi * (24**2 - (24 - thickness(24)) ** 2),
    "cross": 2 * 48 * thickness(24) - thickness(24) ** 2,
    "star": 1.12257 * 24**2,  # the pentagram in the unit circle, 10 sin 36 sin 18 / (2 sin 126)
}


@pytest.mark.parametrize("kind", OUTLINES)
def test_areas_by_geometry(kind):
    axis = np.arange(-32, 32, 0.125) + 0.0625
    distance = OUTLINES[kind](*np.meshgrid(axis, axis), 24.0)
    # A 64th of a pixel a point; the outline's length times a point's width is far below 1 %.
    assert (distance < 0).sum() / 64 == pytest.approx(AREAS[kind], rel=0.01)


@pytest.mark.parametrize("kind", OUTLINES)
def test_outlines_are_distances_near_the_edge(kind):
    axis = np.arange(-32, 32, 0.25)
    distance = OUTLINES[kind](*np.meshgrid(axis, axis), 24.0)
    slope = np.hypot(*np.gradient(distance, 0.25))[np.abs(distance) < BAND]
    assert np.median(slope) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(("radius", "thick"), [(12, 4), (21, 7), (40, 10)])
def test_parts_are_4_to_10_pixels_thick(radius, thick):
    assert thickness(radius) == thick


@pytest.mark.parametrize("kind", OUTLINES)
def test_the_picture_shows_what_the_label_says(kind):
    image, label = drawn(kind)
    empty, _ = render(np.random.default_rng(0), (64, 64), [])
    # Same background, other noise: beyond the shadow an object changes nothing.
    change = np.abs(image.astype(int) - empty).mean(axis=2)
    far = ndimage.distance_transform_edt(label == 0) > 7
    assert change[far].mean() < 10 < change[(label > 0) & (label < 255)].mean() / 2


def test_later_objects_cover_earlier_ones():
    things = [Thing(0, 32.0, 32.0, 20.0, 0.0), Thing(1, 32.0, 32.0, 10.0, 0.0)]
    label = render(np.random.default_rng(0), (64, 64), things)[1]
    assert label[32, 32] == 2 and label[32, 16] == 1


def test_objects_may_reach_beyond_the_border():
    label = render(np.random.default_rng(0), (40, 40), [Thing(0, 2.0, 38.0, 16.0, 0.0)])[1]
    assert label[0, 39] == 1 and label[39, 0] == 0


# The classification version


def test_single_shapes():
    images = ShapesClassification("train", length=40)
    samples = list(images)
    assert len(images) == 40 and len(images.class_names) == NUM_CLASSES - 1
    assert samples[0].image.shape == (64, 64, 3) and samples[0].image.dtype == np.uint8
    assert {sample.label for sample in samples} == set(range(NUM_CLASSES - 1))
    again = ShapesClassification("train")[7]
    assert np.array_equal(samples[7].image, again.image) and samples[7].label == again.label
    assert not np.array_equal(again.image, ShapesClassification("val")[7].image)
