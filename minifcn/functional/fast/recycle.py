"""Large arrays in the memory of earlier ones: what a step needs, the step before it has left over.

The system hands out fresh memory page by page, cleared at the first touch. For the large maps of a
net, and above all for the gradient of fc6 (411 MB), that takes as long as a good part of the
arithmetic. So the memory of a large array is kept when the last reference to the array is gone,
and serves later arrays: the next of its size, or several smaller ones side by side, as the maps of
a step lie where the gradient of fc6 has been. Neighbours that are both free again become one piece.
(CuPy does the same by itself.)

What is kept hardly adds to the peak: used and kept memory together are seldom more than a tenth
above what was once in use at a time. Beyond that, blocks of which nothing is in use are given back
to the system.
"""

from __future__ import annotations

import threading
import weakref
from math import prod
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from minifcn.backend import Array

SMALLEST = 1 << 20  # bytes; the system's allocator keeps smaller ones itself
ALIGNED = 64  # bytes; arrays begin at multiples
HEADROOM = 1.1  # used and kept memory, as a multiple of the most that was in use


class _Memory(np.ndarray):
    """Bytes that arrays lie in: a block as the system gave it.

    A view of a view usually refers to the array at the bottom. NumPy stops at a change of class, so
    that views of an array made here keep that array alive, and its lease of the memory.
    """


class _Piece(NamedTuple):
    """A part of a block."""

    block: _Memory
    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start

    @property
    def whole(self) -> bool:
        return self.size == self.block.nbytes


_kept: list[_Piece] = []  # no two of them touch
_used = {"now": 0, "most": 0}  # bytes handed out
_lock = threading.RLock()  # an array may die, and call _give_back, at any point of _take


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
    piece = _take(-(-size // ALIGNED) * ALIGNED)
    lease = piece.block[piece.start : piece.start + size]
    weakref.finalize(lease, _give_back, piece).atexit = False
    return lease.view(dtype, np.ndarray).reshape(shape)


def recycled_zeros(xp: ModuleType, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return an array of zeros like `xp.zeros`, where possible in memory no longer used."""
    array = recycled(xp, shape, dtype)
    array.fill(0)
    return array


def _give_back(piece: _Piece) -> None:
    """Keep the memory of an array that nobody refers to any more, as one with what it touches."""
    with _lock:
        _used["now"] -= piece.size
        for place in reversed(range(len(_kept))):
            other = _kept[place]
            if other.block is piece.block and {piece.start, piece.end} & {other.start, other.end}:
                del _kept[place]
                ends = min(piece.start, other.start), max(piece.end, other.end)
                piece = _Piece(piece.block, *ends)
        _kept.append(piece)


def _take(size: int) -> _Piece:
    """Return memory of `size` bytes or little more: the smallest kept piece that fits, or fresh."""
    with _lock:
        fitting = [(piece.size, place) for place, piece in enumerate(_kept) if piece.size >= size]
        if fitting:
            piece = _kept.pop(min(fitting)[1])
            if piece.size - size >= SMALLEST:
                _kept.append(piece._replace(start=piece.start + size))
                piece = piece._replace(end=piece.start + size)
        else:
            _used["most"] = max(_used["most"], _used["now"] + size)
            _drop(_used["now"] + size + _kept_bytes() - int(HEADROOM * _used["most"]))
            piece = _Piece(_Memory(size, np.uint8), 0, size)
        _used["now"] += piece.size
        _used["most"] = max(_used["most"], _used["now"])
        return piece


def _kept_bytes() -> int:
    return sum(piece.size for piece in _kept)


def _drop(excess: int) -> None:
    """Give whole blocks back to the system: the smallest of so many bytes, or the largest first."""
    while excess > 0 and (whole := [(p.size, n) for n, p in enumerate(_kept) if p.whole]):
        enough = [block for block in whole if block[0] >= excess]
        size, place = min(enough) if enough else max(whole)
        del _kept[place]
        excess -= size
