"""Reading pictures: whatever Pillow opens becomes uint8 RGB, or an error that says what is wrong.

A picture may be grey, palette, CMYK, of 16 bits, transparent, or turned by its EXIF tag; all of
that is settled here, once, for training data and for the images that a user wants segmented.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from minifcn.data.dataset import DataError

# What a file may claim to hold: so many pixels, or so many for each of its bytes. Of one colour and
# one bit, a PNG holds 8,000; a damaged file of a kilobyte may claim gigabytes.
_GRANTED = 32 << 20
_PIXELS_PER_BYTE = 10_000


def load_image(path: str | Path, kind: str = "image") -> Image.Image:
    """Open and decode a picture file; `kind` ("image", "label map") is for the messages.

    Pillow's limit is what is refused: more than 178,956,970 pixels, such as 13,378 x 13,378. It
    would warn from half of that on, which is no more than a large scan has.

    Raises
    ------
    DataError
        If the file is missing, no picture, truncated, damaged or absurdly large.
    """
    file = Path(path)
    if file.exists() and not (file.is_file() or file.is_dir()):  # a pipe would be waited for
        raise DataError(f"{kind} {path} is a pipe or a device, not a file; save it as one")
    with _decoding(path, kind):
        return _decoded(file.read_bytes())


def _decoded(content: bytes) -> Image.Image:
    """Decode a picture from memory: there no part is longer than what there is, as it may claim."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(BytesIO(content)) as picture:
            if picture.width * picture.height > max(_GRANTED, _PIXELS_PER_BYTE * len(content)):
                raise ValueError(f"it claims {picture.width} x {picture.height} pixels")
            picture.load()
            return picture


@contextmanager
def _decoding(path: str | Path, kind: str) -> Iterator[None]:
    """Turn what goes wrong with a picture into a DataError."""
    try:
        yield
    except (DataError, MemoryError):
        raise
    except FileNotFoundError:
        raise DataError(f"{kind} {path} does not exist") from None
    except (IsADirectoryError, PermissionError) as error:
        raise DataError(f"{kind} {path} cannot be opened: {error.strerror}") from None
    except UnidentifiedImageError:
        raise DataError(
            f"{kind} {path} is not in a picture format that Pillow reads, or its beginning is "
            "damaged; export it again as PNG or JPEG"
        ) from None
    except Image.DecompressionBombError as error:
        raise DataError(
            f"{kind} {path} is too large to decode safely ({error}); scale it down or cut it up"
        ) from None
    except Exception as error:  # Pillow reads some fifty formats, each with errors of its own
        raise DataError(
            f"{kind} {path} cannot be decoded, it is truncated or damaged ({error}); "
            "copy, download or export it again"
        ) from error


def read_image(source: str | os.PathLike[str] | bytes | Image.Image) -> np.ndarray:
    """Read a picture as RGB, the way a viewer shows it.

    The EXIF orientation is applied; transparent parts are laid over white; 16 bits are scaled to
    8; of an animation the first frame is taken.

    Parameters
    ----------
    source : path, bytes or Pillow image
        A picture file, what it holds, or an opened picture, which stays as it is.

    Returns
    -------
    image : ndarray (H, W, 3), uint8
        RGB, 0..255.

    Raises
    ------
    DataError
        If it cannot be decoded, or its pixels have no known range (floating point).
    """
    name: str | Path = f"given as {'bytes' if isinstance(source, bytes) else 'a Pillow image'}"
    if isinstance(source, str | os.PathLike):
        name = Path(source)
        source = load_image(name)
    with _decoding(name, "image"):
        picture = _decoded(source) if isinstance(source, bytes) else source
        picture = ImageOps.exif_transpose(picture)
        if picture.mode.startswith(("I", "F")):
            picture = _scale_to_8_bits(picture, name)
        elif picture.has_transparency_data:
            white = Image.new("RGBA", picture.size, "white")
            picture = Image.alpha_composite(white, picture.convert("RGBA"))
        return np.array(picture.convert("RGB"))


def _scale_to_8_bits(picture: Image.Image, name: str | Path) -> Image.Image:
    """Return a 16-bit grey picture (Pillow's modes I and I;16) with 8 bits: 65535 becomes 255."""
    values = np.asarray(picture)
    if values.dtype.kind == "f" or values.min() < 0 or values.max() > 65535:
        raise DataError(
            f"image {name} has {values.dtype} pixels from {values.min():g} to {values.max():g}, "
            "a range that says nothing about brightness; save it with 8 or 16 bits"
        )
    return Image.fromarray(((values.astype(np.uint32) + 128) // 257).astype(np.uint8))
