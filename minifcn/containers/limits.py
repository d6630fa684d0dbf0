"""What a file from anywhere may ask for: how deep, how large, and how its bytes become arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

MAX_DEPTH = 20  # groups, cells or structs within each other
MAX_AXES = 64  # of an array in NumPy 2

# What a compressed file may unfold to. Zero-filled layers compress a thousandfold, but only a small
# net consists of little else; 64 MiB are always granted.
_MAX_INFLATED = 4 << 30
_MAX_RATIO = 100
_ALWAYS_GRANTED = 64 << 20


def inflation_limit(file_size: int) -> int:
    """Return to how many bytes the compressed parts of a file may unfold, all together."""
    return min(_MAX_INFLATED, max(_ALWAYS_GRANTED, _MAX_RATIO * file_size))


def numbers(
    raw: memoryview | bytes,
    dtype: np.dtype[Any] | str,
    shape: Sequence[int],
    name: str,
    order: Literal["C", "F"] = "C",
) -> np.ndarray:
    """Return an array as a view of its bytes.

    Parameters
    ----------
    shape : sequence of int
        As the file has it; it may be absurd.
    name : str
        Of the array, for the message.
    order : "C" or "F"
        Whether the last axis or the first one (Fortran, MATLAB) runs fastest.

    Raises
    ------
    ValueError
        If an array of this shape has another number of bytes, or if there is no such shape.
    """
    itemsize = np.dtype(dtype).itemsize
    possible = len(shape) <= MAX_AXES and min(shape, default=0) >= 0
    if not possible or math.prod(shape) * itemsize != len(raw):
        raise ValueError(f"{name} has {len(raw)} bytes for the shape {tuple(shape)} of {dtype}")
    return np.frombuffer(raw, dtype).reshape(tuple(shape), order=order)


def widened(upper: np.ndarray) -> np.ndarray:
    """Return bfloat16, given as its bits in uint16, as float32: it is the upper half of one."""
    return (upper.astype(np.uint32) << 16).view(np.float32)
