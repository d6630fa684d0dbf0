"""Working memory that each thread keeps between calls.

A fresh array of a few megabytes costs more than filling it: the system hands out its pages one by
one, cleared, at the first touch. So the fast paths write their intermediate results to buffers
that stay. A buffer belongs to a thread and a name and is as large as the largest array that was
ever asked for under that name; the callers bound their sizes and say how.
"""

from __future__ import annotations

import threading
from math import prod
from types import ModuleType
from typing import Any

import numpy as np

from minifcn.backend import Array

_kept = threading.local()


def scratch(xp: ModuleType, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return an array for intermediate results, with whatever its memory held before.

    It may be used until the same thread asks for the same name again.

    Parameters
    ----------
    xp : module
        On a GPU the array is a fresh one: CuPy keeps freed memory itself.
    name : str
        What the array is for; two that are in use at the same time need two names.
    shape : tuple of int
    dtype : dtype
    """
    if xp is not np:
        return xp.empty(shape, dtype)
    dtype = xp.dtype(dtype)
    size = prod(shape) * dtype.itemsize
    buffers = _kept.__dict__
    if name not in buffers or buffers[name].nbytes < size:
        buffers[name] = xp.empty(size, xp.uint8)
    return buffers[name][:size].view(dtype).reshape(shape)
