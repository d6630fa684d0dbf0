"""How arrays travel in the page: byte planes, deflated, as text; and how they are made smaller."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

MANTISSA = 23  # bits of a float32's
STEPS = 63  # from 0 to the largest number of an array that is only looked at
ABOUT = 12  # bits of those that are rounded: three digits are right


class Blobs:
    """The arrays of a page by name: what describes each, and its text."""

    def __init__(self) -> None:
        self.described: dict[str, dict[str, Any]] = {}
        self._texts: dict[str, str] = {}

    def add(self, name: str, array: np.ndarray, **more: Any) -> None:
        """Add an array of a type that JavaScript has, with what else is to be said of it."""
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        self.described[name] = {"dtype": array.dtype.name, "shape": list(array.shape), **more}
        self._texts[name] = pack(little)

    def add_about(self, name: str, array: np.ndarray) -> None:
        """Add an array in steps that eyes do not see, with the size of a step."""
        items, scale = quantise(array)
        self.add(name, items, scale=float(f"{scale:.6g}"))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield (name, text) in the order of adding."""
        yield from self._texts.items()

    def nbytes(self) -> int:
        """Return how many characters all texts have."""
        return sum(map(len, self._texts.values()))


def pack(array: np.ndarray) -> str:
    """Return the bytes of an array as text: all first bytes of its items, then all second ones.

    So what is alike in all items, their signs and exponents, stands together, and deflates well.
    """
    planes = array.reshape(-1, 1).view(np.uint8).T
    return base64.b64encode(zlib.compress(planes.tobytes(), 6)).decode("ascii")


def quantise(array: np.ndarray) -> tuple[np.ndarray, float]:
    """Return an array as uint8, or int8 if it has negative numbers, and the size of a step.

    0 is 0, and the largest number in size is `STEPS`.
    """
    signed = bool(array.size) and array.min() < 0
    dtype = np.int8 if signed else np.uint8
    scale = float(np.abs(array).max(initial=0)) / STEPS
    if not scale:
        return np.zeros(array.shape, dtype), 0.0
    return np.rint(array / scale).astype(dtype), scale


def rounded(array: np.ndarray) -> np.ndarray:
    """Return a float32 array rounded to `ABOUT` bits of mantissa; its lowest bytes then deflate.

    The relative error is at most 2^-(ABOUT + 1).
    """
    drop = MANTISSA - ABOUT
    whole = array.astype(np.float32).view(np.uint32)
    half = np.uint32(1 << (drop - 1))
    return ((whole + half) >> np.uint32(drop) << np.uint32(drop)).view(np.float32)
