"""VOC's colours, and label maps read and written as class indices."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from minifcn.data.dataset import DataError
from minifcn.data.palette import read_label, voc_palette, write_palette_png

LABEL = np.array([[0, 1, 20], [255, 7, 0]], np.uint8)
VOC = voc_palette()


def test_voc_colours_of_a_few_classes():
    known = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 4: (0, 0, 128), 8: (64, 0, 0)}
    known |= {15: (192, 128, 128), 20: (0, 64, 128), 255: (224, 224, 192)}
    assert {value: tuple(VOC[value].tolist()) for value in known} == known


def test_voc_colours_all_differ():
    assert VOC.dtype == np.uint8 and len(np.unique(VOC, axis=0)) == 256


@given(st.integers(1, 5), st.integers(1, 5), st.data())
def test_written_maps_read_back(tmp_path_factory, height, width, data):
    values = data.draw(
        st.lists(st.integers(0, 255), min_size=height * width, max_size=height * width)
    )
    label = np.array(values).reshape(height, width)
    path = tmp_path_factory.mktemp("label") / "a.png"
    write_palette_png(path, label)
    assert np.array_equal(read_label(path), label)


def test_the_file_written_shows_the_palette(tmp_path):
    write_palette_png(tmp_path / "a.png", LABEL)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.mode == "P"
        assert np.array_equal(np.asarray(picture.convert("RGB")), VOC[LABEL])


def test_writing_leaves_one_file(tmp_path):
    write_palette_png(tmp_path / "a.png", LABEL, np.full((256, 3), 7, np.uint8))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    write_palette_png(tmp_path / "a.png", LABEL)

    def fail(self, file, *_):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        write_palette_png(tmp_path / "a.png", LABEL + 1)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert np.array_equal(read_label(tmp_path / "a.png"), LABEL)


@pytest.mark.parametrize("label", [np.zeros((2, 2)), np.full((2, 2), 256), np.zeros(3, int)])
def test_what_is_no_label_map_is_not_written(tmp_path, label):
    with pytest.raises(ValueError, match=r"integer array \(H, W\) within 0\.\.255"):
        write_palette_png(tmp_path / "a.png", label)


def test_single_channel_maps_are_indices(tmp_path):
    Image.fromarray(LABEL).save(tmp_path / "a.png")
    assert np.array_equal(read_label(tmp_path / "a.png"), LABEL)


def test_sixteen_bit_maps_are_indices(tmp_path):
    Image.fromarray(LABEL.astype(np.uint16)).save(tmp_path / "a.png")
    label = read_label(tmp_path / "a.png")
    assert label.dtype == np.uint8 and np.array_equal(label, LABEL)


def test_black_and_white_maps_are_0_and_1(tmp_path):
    Image.fromarray(LABEL > 5).save(tmp_path / "a.png")
    assert np.array_equal(read_label(tmp_path / "a.png"), LABEL > 5)


@pytest.mark.parametrize(
    ("bits", "row", "values"), [(2, 0b00_01_10_11, [0, 1, 2, 3]), (4, 0x5F, [5, 15])]
)
def test_grey_maps_of_few_bits_are_indices(tmp_path, bits, row, values):
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", len(values), 1, bits, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes([0, row]))) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + body)
    assert read_label(tmp_path / "a.png").tolist() == [values]


def test_values_above_255_are_refused(tmp_path):
    Image.fromarray(np.array([[3, 1000]], np.uint16)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"a\.png holds values from 3 to 1000"):
        read_label(tmp_path / "a.png")


def test_a_mode_without_indices_is_refused(tmp_path):
    Image.new("LA", (2, 2)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"a\.png has pixels of mode LA; save it as a palette PNG"):
        read_label(tmp_path / "a.png")


# RGB-coded maps


def test_rgb_with_vocs_colours_is_refused_and_told_so(tmp_path):
    Image.fromarray(VOC[LABEL]).save(tmp_path / "a.png")
    with pytest.raises(
        DataError, match=r'a\.png is an RGB.*VOC\'s for 0, 1, 7, 20, 255: "palette"'
    ):
        read_label(tmp_path / "a.png")


def test_rgb_is_refused_with_its_colours(tmp_path):
    colours = np.array([[9, 8, 7], [1, 2, 3]], np.uint8)
    Image.fromarray(colours[[[0, 1, 1]]]).save(tmp_path / "a.png")
    with pytest.raises(
        DataError, match=r"has 2, most frequent first: \[\[1, 2, 3\], \[9, 8, 7\]\]"
    ):
        read_label(tmp_path / "a.png")


def test_a_photograph_is_refused_as_such(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="look like a photograph's"):
        read_label(tmp_path / "a.png")


@pytest.mark.parametrize("palette", [VOC, np.array([[3, 2, 1], [0, 0, 9]], np.uint8)])
def test_rgb_is_read_by_a_palette(tmp_path, palette):
    label = np.minimum(LABEL, len(palette) - 1)
    Image.fromarray(palette[label]).save(tmp_path / "a.png")
    assert np.array_equal(read_label(tmp_path / "a.png", palette), label)


def test_a_colour_outside_the_palette_is_named(tmp_path):
    image = VOC[LABEL]
    image[0, :2] = (1, 2, 3)
    Image.fromarray(image).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"1 colours .*, most often \[1, 2, 3\] \(2 pixels\)"):
        read_label(tmp_path / "a.png", VOC)
