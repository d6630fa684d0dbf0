"""From images and label maps to the arrays a net takes.

The paper subtracts the mean colour and does nothing else: no resizing, no cropping, no scaling to
[0, 1]. Mirroring and translating by up to 32 pixels "yielded no noticeable improvement" (Long et
al. 2015, section 4.3, "Augmentation"); both are here to be tried, and so is resizing, with which
later work trains.

The channel order, the mean and the scale belong to the weights and are stored with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from minifcn.backend import IGNORE
from minifcn.system.records import fits

Floats3 = tuple[float, float, float]


@dataclass(frozen=True)
class Preprocess:
    """From a uint8 RGB image to the floats a net was trained on: (channels - mean) * scale.

    Attributes
    ----------
    order : "RGB" or "BGR"
        Order of the channels in the result.
    mean : three floats, 0..255
        In that order.
    scale : float or three floats
        In that order; 1 for nets from Caffe.
    """

    order: str
    mean: Floats3
    scale: float | Floats3 = 1.0

    def __post_init__(self) -> None:
        """Make numbers of what JSON or a list gave, and check them."""
        if not isinstance(self.order, str) or self.order not in ("RGB", "BGR"):
            raise ValueError(f"order must be 'RGB' or 'BGR', not {self.order!r}")
        object.__setattr__(self, "mean", _three("mean", self.mean))
        if fits(self.scale, float):
            object.__setattr__(self, "scale", float(self.scale))  # type: ignore[arg-type]
        else:
            object.__setattr__(self, "scale", _three("scale", self.scale))

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Convert one image.

        Parameters
        ----------
        image : ndarray (H, W, 3), uint8
            RGB, 0..255.

        Returns
        -------
        data : ndarray (3, H, W), float32
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(
                f"an image is a uint8 array (H, W, 3), not {image.dtype} {image.shape}"
            )
        channels = image.transpose(2, 0, 1)[:: 1 if self.order == "RGB" else -1]
        data = channels.astype(np.float32, order="C")
        data -= np.array(self.mean, np.float32)[:, None, None]
        if self.scale != 1.0:
            data *= np.array(self.scale, np.float32).reshape(-1, 1, 1)
        return data

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as a dictionary that JSON can hold."""
        scale = self.scale if isinstance(self.scale, float) else list(self.scale)
        return {"order": self.order, "mean": list(self.mean), "scale": scale}

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> Preprocess:
        """Return the preprocessing that `to_dict` described; other keys raise ValueError."""
        if not isinstance(settings, dict) or set(settings) != {"order", "mean", "scale"}:
            raise ValueError(f"preprocess must have order, mean and scale, not {settings!r}")
        return cls(**settings)


def _three(name: str, values: Any) -> Floats3:
    given = values.tolist() if isinstance(values, np.ndarray) else values
    numbers = isinstance(given, list | tuple) and all(fits(value, float) for value in given)
    if not numbers or len(given) != 3:
        raise ValueError(f"{name} must be three numbers, one a channel, not {values!r}")
    first, second, third = (float(value) for value in given)
    return first, second, third


def mirror(array: np.ndarray) -> np.ndarray:
    """Return data (3, H, W) or a label map (H, W) with left and right exchanged, as a view."""
    return array[..., ::-1]


def translate(array: np.ndarray, down: int, right: int, fill: float) -> np.ndarray:
    """Move data (3, H, W) or a label map (H, W) by whole pixels.

    y[i, j] = x[i - down, j - right], or `fill` where that is outside

    Parameters
    ----------
    array : ndarray (..., H, W)
    down, right : int
        Pixels; negative is up or left. Beyond H or W nothing of the picture is left.
    fill : float
        Value of what comes into view: 0 is the mean colour of preprocessed data, 255 the label.
    """
    height, width = array.shape[-2:]
    moved = np.full_like(array, fill)
    if abs(down) < height and abs(right) < width:
        target = _overlap(down, height), _overlap(right, width)
        source = _overlap(-down, height), _overlap(-right, width)
        moved[(..., *target)] = array[(..., *source)]
    return moved


def _overlap(shift: int, size: int) -> slice:
    return slice(max(shift, 0), size + min(shift, 0))


def resize(array: np.ndarray, factor: float) -> np.ndarray:
    """Resize data (C, H, W) bilinearly, or a label map (H, W) to the nearest pixel's label.

    Parameters
    ----------
    array : ndarray (C, H, W), float32, or (H, W), integers of 0 to 255
    factor : float
        Of both sides, which are rounded and keep at least one pixel. Where it is below 1, each
        pixel of the data is a mean over the pixels that it covers.

    Returns
    -------
    ndarray of the same type
    """
    height, width = (max(1, round(side * factor)) for side in array.shape[-2:])
    if array.ndim == 2:
        nearest = Image.Resampling.NEAREST
        small = Image.fromarray(array.astype(np.uint8)).resize((width, height), nearest)
        return np.asarray(small).astype(array.dtype)
    resized = np.empty((len(array), height, width), array.dtype)
    for target, channel in zip(resized, array, strict=True):
        smooth = Image.fromarray(channel).resize((width, height), Image.Resampling.BILINEAR)
        target[:] = np.asarray(smooth)
    return resized


def crop(array: np.ndarray, corner: Sequence[float], size: int, fill: float) -> np.ndarray:
    """Cut a square out of data (C, H, W) or a label map (H, W).

    Parameters
    ----------
    array : ndarray (..., H, W)
    corner : two floats in [0, 1)
        Where the upper left corner lies, of all places that it can have, down and to the right.
    size : int
        Pixels of each side.
    fill : float
        What is at the bottom and at the right if the array is smaller than that.

    Returns
    -------
    ndarray (..., size, size) of the same type
    """
    top, left = (
        int(place * (max(side - size, 0) + 1))
        for place, side in zip(corner, array.shape[-2:], strict=True)
    )
    part = array[..., top : top + size, left : left + size]
    square = np.full((*array.shape[:-2], size, size), fill, array.dtype)
    square[..., : part.shape[-2], : part.shape[-1]] = part
    return square


def stack(arrays: Sequence[np.ndarray | int]) -> np.ndarray:
    """Stack one input of several samples; smaller ones are padded at the bottom and the right.

    Parameters
    ----------
    arrays : N float32 arrays (C, Hn, Wn), N integer arrays (Hn, Wn), or N class indices
        Preprocessed images, padded with 0, the mean colour; or label maps, padded with 255.

    Returns
    -------
    array (N, C, H, W), float32, or (N, H, W), int32, or (N,), int32
        H and W are the largest of the batch.
    """
    first = np.asarray(arrays[0])
    if first.ndim == 0:
        return np.array(arrays, np.int32)
    items = [np.asarray(array) for array in arrays]
    is_image = first.ndim == 3
    size = (max(item.shape[-2] for item in items), max(item.shape[-1] for item in items))
    shape = (len(items), *first.shape[:-2], *size)
    batch = np.full(shape, 0 if is_image else IGNORE, np.float32 if is_image else np.int32)
    for slot, item in zip(batch, items, strict=True):
        slot[..., : item.shape[-2], : item.shape[-1]] = item
    return batch
