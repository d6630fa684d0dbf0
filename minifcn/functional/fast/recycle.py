"""Large arrays in the memory of earlier ones: what a step needs, the step before it has left over.

The system hands out fresh memory page by page, cleared at the first touch. For the large maps of a
net, and above all for the gradient of fc6 (411 MB), that takes as long as a good part of the
arithmetic. So the memory of a large array is kept when the last reference to the array is gone,
and serves the next array of about that size. (CuPy does the same by itself.)

What is kept hardly adds to the peak: used and kept memory together are never more than a quarter
above what was once in use at a time. Beyond that, kept memory is given back to the system.
"""

from __future__ import annotations

import threading
import weakref
from math import prod
from types import ModuleType
from typing import Any

import numpy as np

from minifcn.backend import Array

SMALLEST = 1 << 20  # bytes; the system's allocator keeps smaller ones itself
HEADROOM = 1.25  # used and kept memory, as a multiple of the most that was in use
WASTE = 1.5  # an array may lie in memory this many times its size

_kept: list[_Memory] = []
_used = {"now": 0, "most": 0}  # bytes handed out
_lock = threading.RLock()  # an array may die, and call _give_back, at any point of _take


class _Memory(np.ndarray):
    """Bytes that arrays lie in.

    A view of a view usually refers to the array at the bottom. NumPy stops at a change of class, so
    that views of an array made here keep that array alive, and its lease of the memory.
    """


def recycled(xp: ModuleType, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return an array like `xp.empty`, where possible in memory that is no longer used.

    It is an ordinary array and may be kept for as long as one likes, as may views of it.

    Parameters
    ----------
    xp : module
    shape : tuple of int
    dtype : dtype
    """
    dtype = np.dtype(dtype)
    size = prod(shape) * dtype.itemsize
    if xp is not np or size < SMALLEST:
        return xp.empty(shape, dtype)
    memory = _take(size)
    lease = memory[:size]
    weakref.finalize(lease, _give_back, memory).atexit = False
    return lease.view(dtype, np.ndarray).reshape(shape)


def recycled_zeros(xp: ModuleType, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return an array of zeros like `xp.zeros`, where possible in memory no longer used."""
    array = recycled(xp, shape, dtype)
    array.fill(0)
    return array


def _give_back(memory: _Memory) -> None:
    """Keep the memory of an array that nobody refers to any more."""
    with _lock:
        _used["now"] -= memory.nbytes
        _kept.append(memory)


def _take(size: int) -> _Memory:
    """Return memory of `size` bytes or somewhat more: kept if any fits, else fresh."""
    with _lock:
        fitting = [m.nbytes for m in _kept if size <= m.nbytes <= WASTE * size]
        if fitting:
            place = [memory.nbytes for memory in _kept].index(min(fitting))
            memory = _kept.pop(place)
        else:
            _used["most"] = max(_used["most"], _used["now"] + size)
            spare = HEADROOM * _used["most"] - _used["now"] - size
            while (excess := sum(memory.nbytes for memory in _kept) - spare) > 0 and _kept:
                _drop(excess)
            memory = _Memory(size, np.uint8)
        _used["now"] += memory.nbytes
        _used["most"] = max(_used["most"], _used["now"])
        return memory


def _drop(excess: float) -> None:
    """Give the smallest block of at least `excess` bytes back to the system, or the largest."""
    sizes = [memory.nbytes for memory in _kept]
    enough = [size for size in sizes if size >= excess]
    _kept.pop(sizes.index(min(enough) if enough else max(sizes)))
