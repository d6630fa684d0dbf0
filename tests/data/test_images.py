"""Reading pictures of every kind as RGB."""

import struct

import numpy as np
import pytest
from helpers.data_files import png
from PIL import Image

from minifcn.data.dataset import DataError
from minifcn.data.images import load_image, read_image

GREY = np.array([[0, 128, 255], [10, 20, 30]], np.uint8)
RGB = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
WIDE = np.array([[0, 257, 128 * 257, 65535]], np.uint16)
RGBA = np.zeros((1, 3, 4), np.uint8)
RGBA[0, :, 3] = [0, 255, 51]  # black, at 0, 100 and 20 per cent
TURNED = Image.Exif()
TURNED[0x0112] = 6  # to be turned clockwise by 90 degrees
FRAMES = [Image.new("L", (2, 2), value) for value in (7, 200)]


@pytest.mark.parametrize(
    ("picture", "suffix", "options", "expected"),
    [
        (Image.fromarray(RGB), "png", {}, RGB),
        (Image.fromarray(GREY), "png", {}, np.stack([GREY] * 3, axis=2)),
        (Image.fromarray(GREY).convert("P"), "png", {}, np.stack([GREY] * 3, axis=2)),
        (Image.new("CMYK", (2, 2), (0, 255, 255, 0)), "tif", {}, [[[255, 0, 0]] * 2] * 2),
        (Image.fromarray(WIDE), "png", {}, [[[v] * 3 for v in (0, 1, 128, 255)]]),
        # What is transparent is white.
        (Image.fromarray(RGBA), "png", {}, [[[v] * 3 for v in (255, 0, 204)]]),
        (
            *(Image.fromarray(GREY[:1]).convert("P"), "png", {"transparency": 0}),
            [[[v] * 3 for v in (255, 128, 255)]],
        ),
        (Image.fromarray(RGB), "png", {"exif": TURNED}, np.rot90(RGB, -1)),
        # Of an animation the first frame is taken.
        (FRAMES[0], "gif", {"save_all": True, "append_images": FRAMES[1:]}, [[[7] * 3] * 2] * 2),
    ],
    ids=["rgb", "grey", "palette", "cmyk", "16 bits", "alpha", "index", "exif", "animation"],
)
def test_pictures_of_every_kind_become_rgb(tmp_path, picture, suffix, options, expected):
    path = tmp_path / f"a.{suffix}"
    picture.save(path, **options)
    image = read_image(path)
    assert image.dtype == np.uint8 and image.tolist() == np.asarray(expected).tolist()


def saved(suffix):
    """Return what writes the beginning of a picture's file."""

    def write(path):
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(noise).save(path, {"jpg": "jpeg"}.get(suffix, suffix))
        path.write_bytes(path.read_bytes()[:2000])

    return write


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.mkdir(), "cannot be opened"),
        (lambda path: path.write_text("not a picture"), "is not in a picture format"),
        (saved("png"), "cannot be decoded.*truncated or damaged"),
        (saved("jpg"), "cannot be decoded.*truncated or damaged"),
        (
            lambda path: path.write_bytes(png((50_000, 50_000), 8, 2)),
            "is too large to decode safely",
        ),
        (
            lambda path: Image.new("F", (2, 2)).save(path, "tiff"),
            "has float32 pixels from 0 to 0.*8 or 16 bits",
        ),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path, write, message):
    write(tmp_path / "a.image")
    with pytest.raises(DataError, match=rf"a\.image {message}"):
        read_image(tmp_path / "a.image")


def test_a_large_scan_is_read_without_a_warning(tmp_path):
    Image.new("1", (9_500, 9_500), 1).save(tmp_path / "scan.png")  # Pillow warns of such a size
    assert load_image(tmp_path / "scan.png").size == (9_500, 9_500)


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
