"""VOC's colours, and label maps read and written as class indices."""

import numpy as np
import pytest
from helpers.data_files import png
from PIL import Image

from minifcn.data.dataset import DataError
from minifcn.data.palette import read_label, voc_palette, write_palette_png

LABEL = np.array([[0, 1, 20], [255, 7, 0]], np.uint8)
VOC = voc_palette()


def test_voc_colours():
    known = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 4: (0, 0, 128), 8: (64, 0, 0)}
    known |= {15: (192, 128, 128), 20: (0, 64, 128), 255: (224, 224, 192)}
    assert {value: tuple(VOC[value].tolist()) for value in known} == known
    assert VOC.dtype == np.uint8 and len(np.unique(VOC, axis=0)) == 256


def test_a_map_written_reads_back_and_shows_the_palette(tmp_path):
    path, values = tmp_path / "a.png", np.arange(256).reshape(8, 32)
    for palette in (VOC, VOC[::-1].copy()):
        write_palette_png(path, values, palette)
        assert np.array_equal(read_label(path), values)
        with Image.open(path) as picture:
            assert picture.mode == "P"
            assert np.array_equal(np.asarray(picture.convert("RGB")), palette[values])


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


@pytest.mark.parametrize("pixels", [LABEL, LABEL.astype(np.uint16), LABEL > 5])
def test_single_channel_maps_are_indices(tmp_path, pixels):
    Image.fromarray(pixels).save(tmp_path / "a.png")
    label = read_label(tmp_path / "a.png")
    assert label.dtype == np.uint8 and np.array_equal(label, pixels)


@pytest.mark.parametrize(
    ("bits", "row", "values"), [(2, 0b00_01_10_11, [0, 1, 2, 3]), (4, 0x5F, [5, 15])]
)
def test_grey_maps_of_few_bits_are_indices(tmp_path, bits, row, values):
    (tmp_path / "a.png").write_bytes(png((len(values), 1), bits, 0, bytes([0, row])))
    assert read_label(tmp_path / "a.png").tolist() == [values]


@pytest.mark.parametrize("palette", [VOC, np.array([[3, 2, 1], [0, 0, 9]], np.uint8)])
def test_rgb_is_read_by_a_palette(tmp_path, palette):
    label = np.minimum(LABEL, len(palette) - 1)
    Image.fromarray(palette[label]).save(tmp_path / "a.png")
    assert np.array_equal(read_label(tmp_path / "a.png", palette), label)


STRANGE = VOC[LABEL]
STRANGE[0, :2] = (1, 2, 3)
TWO = np.array([[[9, 8, 7], [1, 2, 3], [1, 2, 3]]], np.uint8)
NOISE = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)


@pytest.mark.parametrize(
    ("pixels", "palette", "message"),
    [
        (np.array([[3, 1000]], np.uint16), None, "holds values from 3 to 1000"),
        (np.zeros((2, 2, 2), np.uint8), None, "has pixels of mode LA; save it as a palette PNG"),
        (VOC[LABEL], None, r'is an RGB picture; its colours are VOC\'s: "palette"'),
        (TWO, None, r"list the colours of the classes.*minifcn inspect"),
        (NOISE, None, "its 1,024 colours look like those of a photograph"),
        (STRANGE, VOC, r"1 colours .*, most often \[1, 2, 3\] \(2 pixels\)"),
    ],
)
def test_what_is_no_label_map_is_refused(tmp_path, pixels, palette, message):
    Image.fromarray(pixels).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=rf"a\.png .*{message}"):
        read_label(tmp_path / "a.png", palette)
