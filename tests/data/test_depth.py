"""Depth maps: read in any unit, refused if they are something else, without holes afterwards."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from minifcn.data.dataset import DataError
from minifcn.data.depth import fill_holes, read_depth

VALUES = st.sampled_from([0.0, -1.0, np.nan, np.inf, 0.5, 2.0, 7.25])


@pytest.mark.parametrize(("dtype", "name"), [("u2", "a.png"), ("i4", "a.tif"), (">u2", "a.tif")])
def test_a_depth_map_is_read_in_metres(tmp_path, dtype, name):
    Image.fromarray(np.array([[0, 1500, 20000]], dtype)).save(tmp_path / name)
    depth = read_depth(tmp_path / name, 5000)
    assert depth.dtype == np.float32
    np.testing.assert_allclose(depth, [[0, 0.3, 4]], rtol=1e-6)


def test_millimetres_are_the_rule(tmp_path):
    Image.fromarray(np.array([[2550]], np.uint16)).save(tmp_path / "a.png")
    np.testing.assert_allclose(read_depth(tmp_path / "a.png"), [[2.55]], rtol=1e-6)


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        *((mode, f"has pixels of mode {mode}; .* 16 bits") for mode in ("L", "RGB", "P", "F")),
        ("I;16", "is 0 everywhere"),
    ],
)
def test_pictures_of_another_kind_are_refused(tmp_path, mode, message):
    Image.new(mode, (3, 2)).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match=rf"a\.tif {message}"):
        read_depth(tmp_path / "a.tif")


@given(arrays(np.float32, (4, 5), elements=VALUES))
def test_holes_take_the_depth_of_a_nearest_pixel_and_nothing_else_changes(depth):
    known = np.isfinite(depth) & (depth > 0)
    if not known.any():
        with pytest.raises(DataError, match="holes only"):
            fill_holes(depth)
        return
    filled = fill_holes(depth)
    assert filled.dtype == depth.dtype and np.array_equal(filled[known], depth[known])
    places = np.argwhere(known)
    for hole in np.argwhere(~known):
        distances = ((places - hole) ** 2).sum(axis=1)
        nearest = places[distances == distances.min()]
        assert filled[tuple(hole)] in depth[tuple(nearest.T)]
