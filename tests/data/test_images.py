"""Reading pictures of every kind as RGB."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minifcn.data.dataset import DataError
from minifcn.data.images import read_image

GREY = np.array([[0, 128, 255], [10, 20, 30]], np.uint8)


def read_saved(picture: Image.Image, path: Path, **options: object) -> np.ndarray:
    picture.save(path, **options)
    return read_image(path)


def test_rgb_comes_back_as_it_is(tmp_path):
    rgb = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    image = read_saved(Image.fromarray(rgb), tmp_path / "a.png")
    assert image.dtype == np.uint8 and np.array_equal(image, rgb)


@pytest.mark.parametrize("mode", ["L", "P"])
def test_grey_and_palette_become_rgb(tmp_path, mode):
    image = read_saved(Image.fromarray(GREY).convert(mode), tmp_path / "a.png")
    assert np.array_equal(image, np.stack([GREY] * 3, axis=2))


def test_cmyk_becomes_rgb(tmp_path):
    image = read_saved(Image.new("CMYK", (2, 2), (0, 255, 255, 0)), tmp_path / "a.tif")
    assert image.tolist() == [[[255, 0, 0]] * 2] * 2


def test_sixteen_bits_are_scaled_to_eight(tmp_path):
    wide = np.array([[0, 257, 128 * 257, 65535]], np.uint16)
    image = read_saved(Image.fromarray(wide), tmp_path / "a.png")
    assert image[0, :, 0].tolist() == [0, 1, 128, 255]


def test_transparent_parts_are_white(tmp_path):
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0, :, 3] = [0, 255, 51]  # black, at 0, 100 and 20 per cent
    image = read_saved(Image.fromarray(rgba), tmp_path / "a.png")
    assert image[0, :, 0].tolist() == [255, 0, 204]


def test_a_transparent_palette_entry_is_white(tmp_path):
    picture = Image.fromarray(GREY).convert("P")
    image = read_saved(picture, tmp_path / "a.png", transparency=0)
    assert image[0, :, 0].tolist() == [255, 128, 255]


def test_exif_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees
    image = read_saved(Image.fromarray(GREY), tmp_path / "a.png", exif=exif)
    assert np.array_equal(image[..., 0], np.rot90(GREY, -1))


def test_of_an_animation_the_first_frame_is_taken(tmp_path):
    frames = [Image.new("L", (2, 2), value) for value in (7, 200)]
    image = read_saved(frames[0], tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert (image == 7).all()


def test_floating_point_pixels_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"a\.tif has float32 pixels from 0 to 0.*8 or 16 bits"):
        read_saved(Image.new("F", (2, 2)), tmp_path / "a.tif")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"image .*none\.jpg does not exist"):
        read_image(tmp_path / "none.jpg")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be opened"):
        read_image(tmp_path)


def test_what_is_no_picture_is_refused(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_text("not a picture")
    with pytest.raises(DataError, match=r"a\.jpg is not in a picture format"):
        read_image(path)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_truncated_file_is_refused(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DataError, match=rf"a\.{suffix} cannot be decoded.*truncated or damaged"):
        read_image(path)


def test_a_decompression_bomb_is_refused(tmp_path):
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    with pytest.raises(DataError, match=r"bomb\.png is too large to decode safely"):
        read_image(path)


def test_pixels_that_cannot_be_in_the_file_are_refused(tmp_path):
    path = tmp_path / "long.tif"
    Image.new("L", (8, 6)).save(path)
    content = path.read_bytes()
    rows = struct.pack("<HHL", 257, 4, 1)  # of the tag ImageLength: of type LONG, one
    short = struct.pack("<HHL", 257, 3, 1)  # or SHORT
    head = next(head for head in (rows, short) if head in content)
    place = content.index(head) + len(rows)
    path.write_bytes(
        content[: place - len(rows)] + rows + struct.pack("<L", 16_000_000) + content[place + 4 :]
    )
    with pytest.raises(DataError, match=r"long\.tif cannot be decoded.*claims 8 x 16000000 pixels"):
        read_image(path)
