"""The embedded data set: reproducible, its labels exact, its conventions VOC's."""

from __future__ import annotations

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


def test_a_sample():
    dataset = ShapesDataset("train")
    sample = dataset[3]
    assert sample.id == dataset.ids[3] == "train_00003"
    assert sample.image.shape == (128, 128, 3) and sample.image.dtype == np.uint8
    assert sample.label.shape == (128, 128) and sample.label.dtype == np.uint8


def test_all_classes_and_the_boundary_occur_and_nothing_else():
    values = np.unique(np.stack([s.label for s in ShapesDataset("val", length=30)]))
    assert values.tolist() == [*range(NUM_CLASSES), 255]


def test_a_sample_is_a_function_of_seed_split_and_index():
    first = ShapesDataset("train", length=9)[5]
    again = ShapesDataset("train", length=6)[5]
    assert np.array_equal(first.image, again.image) and np.array_equal(first.label, again.label)
    for other in (
        ShapesDataset("train")[6],
        ShapesDataset("val")[5],
        ShapesDataset("train", seed=1)[5],
    ):
        assert not np.array_equal(first.image, other.image)


def test_splits_have_their_lengths_and_end():
    assert len(ShapesDataset("train")) == 2000 and len(ShapesDataset("val")) == 200
    assert len(list(ShapesDataset("val", length=3))) == 3


@pytest.mark.parametrize("size", [(32, 32), (50, 121), (300, 200)])
def test_sizes_need_not_be_square(size):
    sample = ShapesDataset("train", size=size)[0]
    assert sample.image.shape == (*size, 3) and sample.label.shape == size
    assert sample.label.any()


def test_larger_images_hold_more_shapes():
    label = ShapesDataset("train", size=(400, 400))[0].label
    assert ndimage.label((label > 0) & (label < 255))[1] > 10


def test_no_split_but_train_and_val():
    with pytest.raises(DataError, match="splits train and val, not 'test'"):
        ShapesDataset("test")


@pytest.mark.parametrize("options", [{"size": (128, 31)}, {"length": 0}])
def test_options_out_of_range_are_refused(options):
    with pytest.raises(DataError, match="of at least"):
        ShapesDataset("train", **options)


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


def test_single_shapes_are_reproducible_and_splits_differ():
    first, again = (ShapesClassification("train")[7] for _ in range(2))
    assert np.array_equal(first.image, again.image) and first.label == again.label
    assert not np.array_equal(first.image, ShapesClassification("val")[7].image)
