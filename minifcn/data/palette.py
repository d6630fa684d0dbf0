"""Label maps as files: VOC's colours, reading class indices, writing palette PNGs.

A label map holds one class index per pixel; its colours are decoration. VOC stores the index in
a palette PNG and lets the palette give the colour, so a picture viewer shows the classes while a
program reads 0..20 and 255. A single-channel PNG of indices says the same and looks black.
Converting either to RGB or to grey loses the indices, the commonest mistake with segmentation
data; such files are refused unless the colours of the classes are known.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from minifcn.data.dataset import DataError
from minifcn.data.images import load_image
from minifcn.system.files import atomic_write


def voc_palette() -> np.ndarray:
    """Compute the colours of the PASCAL VOC label maps.

    Bits 0, 1, 2 of the index go to the top bits of red, green, blue; bits 3, 4, 5 to the next
    lower ones; 6 and 7 to the third. So 1 is (128, 0, 0), 8 is (64, 0, 0), 255 (224, 224, 192).

    Returns
    -------
    palette : ndarray (256, 3), uint8
        RGB of each label value.

    Source
    ------
    VOCdevkit, `VOClabelcolormap`.
    """
    index = np.arange(256)
    palette = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        palette[:, bit % 3] |= ((index >> bit & 1) << (7 - bit // 3)).astype(np.uint8)
    return palette


def read_label(path: str | Path, palette: np.ndarray | None = None) -> np.ndarray:
    """Read a label map as class indices.

    A palette picture gives its indices, a single-channel one its sample values, a black and white
    one 0 and 1. An RGB picture is looked up in `palette`, and refused without one.

    Parameters
    ----------
    palette : ndarray (L, 3), uint8, optional
        RGB colour of label value 0, 1, ..., for RGB-coded maps.

    Returns
    -------
    label : ndarray (H, W), uint8

    Raises
    ------
    DataError
        If the file cannot be decoded, is RGB without a palette or has a colour that is not in it,
        or holds values above 255.
    """
    picture = load_image(path, "label map")
    if picture.mode in ("RGB", "RGBA"):
        return _indices_of_colours(np.asarray(picture.convert("RGB")), path, palette)
    if picture.mode not in ("1", "L", "P", "I", "I;16", "I;16B"):
        raise DataError(
            f"label map {path} has pixels of mode {picture.mode}; save it as a palette PNG or a "
            "single-channel PNG of class indices"
        )
    values = np.asarray(picture)
    if values.max() > 255 or values.min() < 0:
        raise DataError(
            f"label map {path} holds values from {values.min()} to {values.max()}; "
            "class indices must be within 0..255"
        )
    step = _grey_step(path) if picture.mode == "L" else 1
    return values.astype(np.uint8) // step


def _grey_step(path: str | Path) -> int:
    """Return by what Pillow multiplies the samples of a grey PNG: 17 for 4 bits, 85 for 2 bits."""
    with Image.open(path) as picture:
        raw_mode = str(picture.tile[0][3]) if picture.format == "PNG" else "L"
    return {"L;4": 17, "L;2": 85}.get(raw_mode, 1)


def palette_picture(label: np.ndarray, palette: np.ndarray | None = None) -> Image.Image:
    """Return a label map as a palette picture: its values are the classes, and it shows colours.

    Parameters
    ----------
    label : ndarray (H, W), integer, 0..255
    palette : ndarray (256, 3), uint8, optional
        RGB of each label value; VOC's by default.

    Raises
    ------
    ValueError
        If `label` is not a map of integers within 0..255.
    """
    label = np.asarray(label)
    if label.ndim != 2 or label.dtype.kind not in "iu" or label.min() < 0 or label.max() > 255:
        raise ValueError(
            f"a label map is an integer array (H, W) within 0..255, not {label.dtype} {label.shape}"
        )
    picture = Image.fromarray(label.astype(np.uint8)).convert("P")
    picture.putpalette((voc_palette() if palette is None else palette).astype(np.uint8).tobytes())
    return picture


def write_palette_png(
    path: str | Path, label: np.ndarray, palette: np.ndarray | None = None
) -> None:
    """Write a label map as a palette PNG, completely or not at all; missing folders are made.

    Parameters are those of `palette_picture`, and so is what is raised.
    """
    picture = palette_picture(label, palette)
    with atomic_write(path) as file:
        picture.save(file, "PNG")


# ---------------------------------------------------------------------------------------------
# Label maps coded by colour
# ---------------------------------------------------------------------------------------------


def pack_colours(colours: np.ndarray) -> np.ndarray:
    """Return RGB colours (..., 3) as one integer each."""
    return colours.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)


def unpack_colour(code: int) -> list[int]:
    """Return the RGB colour of an integer."""
    return [int(code) >> 16, int(code) >> 8 & 255, int(code) & 255]


def _indices_of_colours(
    image: np.ndarray, path: str | Path, palette: np.ndarray | None
) -> np.ndarray:
    """Return the label values (H, W) of an image (H, W, 3) by the position of its colours."""
    codes = pack_colours(image)  # (H, W)
    if palette is None:
        raise DataError(_refusal(path, np.unique(codes)))
    known = pack_colours(palette)
    order = np.argsort(known, kind="stable")
    place = np.searchsorted(known[order], codes).clip(max=len(known) - 1)
    missing = codes[known[order][place] != codes]
    if missing.size:
        colours, counts = np.unique(missing, return_counts=True)
        raise DataError(
            f"label map {path} has {len(colours)} colours that are not in the palette, most often "
            f"{unpack_colour(colours[counts.argmax()])} ({counts.max()} pixels); add them to the "
            "palette, or export the map without smoothing or JPEG compression"
        )
    return order[place].astype(np.uint8)


def _refusal(path: str | Path, codes: np.ndarray) -> str:
    """Say that an RGB map cannot be read, and what would make it readable."""
    if np.isin(codes, pack_colours(voc_palette())).all():
        advice = 'its colours are VOC\'s: "palette": "voc" in classes.json reads it'
    elif len(codes) <= 256:
        advice = (
            'list the colours of the classes, in order, as "palette" in classes.json (minifcn '
            "inspect shows all there are), or save the maps as PNG of class indices"
        )
    else:
        advice = (
            f"its {len(codes):,} colours look like those of a photograph, or of a map that was "
            "smoothed or saved as JPEG: save the maps as PNG of class indices"
        )
    return f"label maps are colours, not class indices: {path} is an RGB picture; {advice}"
