"""Coordinate maps, crop offsets and receptive fields."""

from fractions import Fraction

import numpy as np
import pytest
from helpers.cases import pairs
from hypothesis import given
from hypothesis import strategies as st

from minifcn.functional.conv import conv2d_forward
from minifcn.functional.deconv import deconv2d_forward
from minifcn.layers.geometry import (
    IDENTITY,
    CoordMap,
    Footprint,
    ReceptiveField,
    coordinate_map,
    crop_offset,
    grid_offset,
)

half = Fraction(1, 2)


def test_maps_by_hand():
    # A 3 x 3 convolution with pad 1 stays where it is; 2 x 2 pooling lies between its pixels.
    assert coordinate_map(Footprint((3, 3), pad=(1, 1))) == IDENTITY
    assert coordinate_map(Footprint((2, 2), (2, 2)))[0] == CoordMap(half, -half / 2)
    deconv = Footprint((4, 4), (2, 2), transposed=True)
    assert coordinate_map(deconv)[0] == CoordMap(Fraction(2), 3 * half)
    assert coordinate_map(Footprint(shift=(19, 5))) == (
        CoordMap(Fraction(1), Fraction(-19)),
        CoordMap(Fraction(1), Fraction(-5)),
    )


def test_the_axes_are_kept_apart():
    vertical, horizontal = coordinate_map(Footprint((3, 1), (2, 1), (0, 4)))
    assert vertical == CoordMap(half, -half) and horizontal == CoordMap(Fraction(1), Fraction(4))


@given(st.fractions(), st.fractions().filter(bool), st.fractions(), st.fractions())
def test_composition_and_inverse(offset, scale, other, x):
    def at(mapping: CoordMap, x: Fraction) -> Fraction:
        return mapping.scale * x + mapping.offset

    first, second = CoordMap(scale, offset), CoordMap(Fraction(3, 7), other)
    assert at(second.after(first), x) == at(second, at(first, x))
    assert at(first.inverse(), at(first, x)) == x


@given(pairs(1, 4), pairs(1, 3), pairs(0, 2))
def test_a_convolution_sees_what_its_map_says(kernel, stride, pad):
    # Put an output pixel in the middle; the mean position of the inputs it sees is its place.
    x = np.ones((1, 1, 12, 13))
    y, _ = conv2d_forward(x, np.ones((1, 1, *kernel)), stride=stride, pad=pad)
    at = (2, 2)
    dy = np.zeros_like(y)
    dy[0, 0][at] = 1
    seen, _ = deconv2d_forward(dy, np.ones((1, 1, *kernel)), stride=stride, pad=pad)
    centre = [positions.mean() for positions in np.nonzero(seen[0, 0])]
    maps = coordinate_map(Footprint(kernel, stride, pad))
    assert centre == [float((i - m.offset) / m.scale) for i, m in zip(at, maps, strict=True)]


@given(pairs(1, 5), pairs(1, 4), pairs(0, 3), pairs(1, 3))
def test_deconvolution_takes_back_what_convolution_does(extent, stride, pad, shift):
    forward = coordinate_map(Footprint(extent, stride, pad))
    backward = coordinate_map(Footprint(extent, stride, pad, transposed=True))
    for there, back in zip(forward, backward, strict=True):
        assert back.after(there) == CoordMap()


def test_a_grid_may_begin_before_another_or_between_its_pixels():
    before = (CoordMap(offset=Fraction(-3)), CoordMap(offset=half))
    assert grid_offset(before, IDENTITY) == (-3, half)
    assert grid_offset(IDENTITY, before) == (3, -half)


def test_crop_offset_by_hand():
    shifted = (CoordMap(offset=Fraction(3)), CoordMap(offset=Fraction(5)))
    assert crop_offset(shifted, IDENTITY) == (3, 5)
    assert crop_offset(IDENTITY, IDENTITY) == (0, 0)


@pytest.mark.parametrize(
    ("ours", "message"),
    [
        (CoordMap(half), "strides differ by a factor of 1/2"),
        (CoordMap(offset=Fraction(37, 2)), "begin at pixel 37/2 .* whole number >= 0"),
        (CoordMap(offset=Fraction(-1)), "begin at pixel -1 .* whole number >= 0"),
    ],
)
def test_grids_that_cannot_be_laid_on_each_other_are_refused(ours, message):
    with pytest.raises(ValueError, match=message):
        crop_offset((CoordMap(), ours), IDENTITY)


def test_receptive_fields_compose_as_in_section_3():
    # f_{k,s} after g_{k',s'} is a filter of size k' + (k-1) s' and stride s s'.
    field = ReceptiveField()
    for extent, stride, size, step in [(3, 1, 3, 1), (3, 1, 5, 1), (2, 2, 6, 2), (3, 1, 10, 2)]:
        field = field.through(Footprint((extent, extent), (stride, stride)))
        assert field == (size, step)


@pytest.mark.parametrize(("size", "neighbours"), [(64, 1), (63, 1), (32, 0)])
def test_a_deconvolution_refines_the_stride_and_sees_the_neighbours_it_mixes(size, neighbours):
    upscore = Footprint((size, size), (32, 32), transposed=True)
    field = ReceptiveField(Fraction(404), Fraction(32)).through(upscore)
    assert field == (404 + 32 * neighbours, 1)


def test_a_pointwise_layer_changes_nothing():
    field = ReceptiveField(Fraction(10), Fraction(2))
    assert field.through(Footprint()) == field
    assert coordinate_map(Footprint()) == IDENTITY
