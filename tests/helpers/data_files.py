"""Images, label maps and MATLAB files of small data sets, written and changed."""

import shutil
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from PIL import Image

from minifcn.data.palette import write_palette_png

SIZE = (6, 8)  # height, width


def picture(seed: int) -> np.ndarray:
    """Return an image of noise."""
    return np.random.default_rng(seed).integers(0, 256, (*SIZE, 3), np.uint8)


def label_map(value: int) -> np.ndarray:
    """Return a label map with the values 0, `value` and 255."""
    label = np.zeros(SIZE, np.uint8)
    label[1:3, 2:5] = value
    label[0] = 255
    return label


def add_picture(path: Path, pixels: np.ndarray) -> None:
    """Write an image, with the folder it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def add_pair(image: Path, label: Path, seed: int = 0, value: int = 1) -> None:
    """Write an image and a label map, with the folders they lie in."""
    add_picture(image, picture(seed))
    label.parent.mkdir(parents=True, exist_ok=True)
    write_palette_png(label, label_map(value))


def add_mat(path: Path, variables: dict, compressed: bool = True) -> None:
    """Write a MATLAB file of version 5, with the folder it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, variables, do_compression=compressed)


def edit(folder: Path, changes: dict[str, Any]) -> None:
    """Change a tree: a text, pixels or MATLAB variables for a file, None for no file or folder."""
    for name, content in changes.items():
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        elif content is None:
            path.unlink()
        elif isinstance(content, str):
            path.write_text(content)
        elif isinstance(content, dict):
            add_mat(path, content)
        else:
            add_picture(path, content)


def png(size: tuple[int, int], bits: int, colour: int, data: bytes = b"") -> bytes:
    """Return a PNG file with any header (width, height) and any content, right or wrong."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, bits, colour, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + body
