"""Pictures: every pixel where it belongs, and no letter cut off."""

import numpy as np
import pytest
from PIL import Image

from minifcn.inference.pictures import (
    colourise,
    grid,
    legend,
    overlay,
    save_png,
    side_by_side,
    with_legend,
)

PALETTE = np.zeros((256, 3), np.uint8)
PALETTE[1], PALETTE[2], PALETTE[255] = (200, 0, 0), (0, 0, 100), (224, 224, 192)
NAMES = ("background", "cat", "dog")


def plain(height: int, width: int, colour: tuple[int, int, int] = (10, 120, 30)) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def find(picture: np.ndarray, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Return top, left, bottom, right (exclusive) of the pixels of a colour."""
    rows, columns = np.nonzero((picture == colour).all(axis=2))
    return rows.min(), columns.min(), rows.max() + 1, columns.max() + 1


def ink(picture: np.ndarray) -> np.ndarray:
    """Return where a picture that is otherwise white has letters."""
    return picture.max(axis=2) < 200


def test_colourise_looks_each_label_up():
    label = np.array([[0, 1], [2, 255]])
    picture = colourise(label, PALETTE)
    assert picture.dtype == np.uint8
    assert picture.tolist() == [[[0, 0, 0], [200, 0, 0]], [[0, 0, 100], [224, 224, 192]]]


def test_overlay_mixes_colours_and_leaves_background_and_ignored_pixels():
    image = plain(2, 2, (100, 50, 11))
    label = np.array([[0, 1], [2, 255]], np.uint8)
    mixed = overlay(image, label, PALETTE, alpha=0.25)
    assert mixed.dtype == np.uint8
    assert mixed.tolist() == [
        [[100, 50, 11], [125, 38, 8]],
        [[75, 38, 33], [100, 50, 11]],
    ]
    assert (image == (100, 50, 11)).all()
    assert overlay(image, label, PALETTE, ignore=2)[1, 0].tolist() == [100, 50, 11]


def test_overlay_refuses_a_label_map_of_another_size():
    with pytest.raises(ValueError, match=r"image is \(2, 3\), the label map \(3, 2\)"):
        overlay(plain(2, 3), np.zeros((3, 2), int), PALETTE)


def test_legend_shows_the_classes_that_are_present_and_have_a_name():
    strip = legend(NAMES, PALETTE, [0, 2, 77, 255], 300)
    assert strip.shape[1] == 300
    colours = {tuple(colour) for colour in strip.reshape(-1, 3).tolist()}
    assert {(0, 0, 0), (0, 0, 100)} <= colours
    assert not {(200, 0, 0), (224, 224, 192)} & colours


def test_legend_breaks_lines_rather_than_names():
    wide, narrow = (legend(NAMES, PALETTE, range(3), width) for width in (400, 120))
    assert narrow.shape[0] > wide.shape[0]
    tops = {find(narrow, tuple(PALETTE[index].tolist()))[0] for index in (1, 2)}
    assert len(tops) == 1, "cat and dog fit in one line below background"


@pytest.mark.parametrize("width", [1, 60, 200, 2000])
def test_legend_is_wide_enough_for_its_names(width):
    strip = legend(("a class with a rather long name",), PALETTE, [0], width)
    assert strip.shape[1] >= width
    margins = (strip[:, -5:], strip[:, :5], strip[:5], strip[-5:])
    assert all((margin == 255).all() for margin in margins)
    assert ink(strip).any()


def test_with_legend_keeps_the_picture_above_the_strip():
    picture = plain(50, 300)
    result = with_legend(picture, NAMES, PALETTE, [1])
    np.testing.assert_array_equal(result[:50], picture)
    np.testing.assert_array_equal(result[50:], legend(NAMES, PALETTE, [1], 300))
    assert (legend(NAMES, PALETTE, [255], 100) == 255).all()  # of nothing it is empty


def test_with_legend_puts_a_narrow_picture_in_the_middle():
    result = with_legend(plain(50, 20), NAMES, PALETTE, [0])
    top, left, bottom, right = find(result, (10, 120, 30))
    assert (top, bottom, right - left) == (0, 50, 20)
    assert abs(left - (result.shape[1] - right)) <= 1


def test_letters_grow_with_the_picture():
    small, large = (ink(legend(NAMES, PALETTE, [1], width)).sum() for width in (200, 3000))
    assert large > 4 * small


def test_grid_puts_each_picture_under_its_title_and_beside_its_row():
    colours = [[(250, 0, 0), (0, 250, 0)], [(0, 0, 250), (250, 0, 250)]]
    rows = [[("t", plain(40, 60, colour)) for colour in row] for row in colours]
    result = grid(rows)
    boxes = [[find(result, colour) for colour in row] for row in colours]
    for row in boxes:
        assert row[0][0] == row[1][0]
        assert row[0][3] < row[1][1]
    for above, below in zip(*boxes, strict=True):
        assert above[1] == below[1]
        assert above[2] < below[0]
    for top, left, bottom, right in boxes[0] + boxes[1]:
        assert (bottom - top, right - left) == (40, 60)


def test_grid_does_not_cut_a_title_that_is_wider_than_its_picture():
    narrow = side_by_side([("a title of some length", plain(10, 8))])
    wide = side_by_side([("a title of some length", plain(10, 300))])
    assert ink(narrow[:28]).sum() == pytest.approx(ink(wide[:28]).sum(), rel=0.02)


def test_grid_centres_smaller_pictures():
    result = grid([[("a", plain(40, 60)), ("b", plain(20, 30, (250, 0, 0)))]])
    large, small = find(result, (10, 120, 30)), find(result, (250, 0, 0))
    assert small[0] - large[0] == large[2] - small[2] == 10
    assert result.shape[1] - small[3] == small[1] - large[3]


@pytest.mark.parametrize("rows", [[], [[]], [[("a", plain(2, 2))], []]])
def test_grid_refuses_uneven_and_empty_tables(rows):
    with pytest.raises(ValueError, match="at least one picture and rows of one length"):
        grid(rows)


def test_saved_picture_reads_back(tmp_path):
    path = tmp_path / "new" / "picture.png"
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    save_png(path, picture)
    np.testing.assert_array_equal(np.asarray(Image.open(path)), picture)
    assert [file.name for file in path.parent.iterdir()] == ["picture.png"]
