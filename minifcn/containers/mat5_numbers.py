"""The numbers of one variable in a MATLAB file of versions 5 to 7.

A file is a row of elements, each with its type and length before it; a variable is a matrix
element, which may be compressed. Only the way to the variable is walked, so a file of SBD is read
without the twenty boundaries that lie beside the label map. Nothing is allocated that is not in
the file, and nothing nests: whatever the file claims, there is no more to it than its bytes.

Source: The MathWorks, MAT-File Format (2019), "Level 5 MAT-File Format".
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

LIMIT = 64 << 20  # bytes of a file, and of what is unfolded in it; 2048 x 2048 doubles are half

_HEADER = 128  # bytes: a text, the version, and the byte order as the characters "MI"
_MATRIX, _COMPRESSED = 14, 15
_STRUCT, _NUMERIC = 2, range(6, 16)
_COMPLEX = 0x0800
_NUMBERS = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4"} | {
    7: "<f4",
    9: "<f8",
    12: "<i8",
    13: "<u8",
}
_CUT_OFF = "it is cut off; it is truncated or damaged"

Elements = Iterator[tuple[int, memoryview]]  # type and bytes


class _Matrix(NamedTuple):
    """A variable or a field, as far as its name."""

    flags: int
    shape: list[int]
    name: str
    rest: Elements


def stored_numbers(data: bytes, variable: str) -> np.ndarray:
    """Return the numbers of a variable, or of a field of a struct.

    Parameters
    ----------
    data : bytes
        The whole file.
    variable : str
        "S", or "GTcls.Segmentation" for a field of a struct of size 1 x 1.

    Returns
    -------
    ndarray, read-only
        Of the shape that MATLAB shows, at least two-dimensional, in the type in which the numbers
        are stored (MATLAB stores a double as a byte where that loses nothing).

    Raises
    ------
    ValueError
        If the file is of another kind or damaged, or the variable is missing or of another kind.
    """
    version, order = data[124:126], data[126:_HEADER]
    if version == b"\0\2":
        raise ValueError("it is of MATLAB's version 7.3; save it with the option -v7")
    if (version, order) != (b"\0\1", b"IM"):
        raise ValueError("its header is not that of a MATLAB file, version 5, of a PC")
    name, _, field = variable.partition(".")
    matrix = _find(data, name)
    return _numbers(_field(matrix, field) if field else matrix)


def _find(data: bytes, name: str) -> _Matrix:
    """Return the variable of a name."""
    others, granted = [], LIMIT
    for kind, content in _elements(memoryview(data)[_HEADER:]):
        if kind == _COMPRESSED:
            unfolded = _unfold(content, granted)
            granted -= len(unfolded)
            kind, content = _next(_elements(unfolded))
        if kind == _MATRIX:
            matrix = _matrix(content)
            if matrix.name == name:
                return matrix
            others.append(matrix.name)
    raise ValueError(f"it has no variable {name!r}, only {', '.join(others)[:200] or 'none'}")


def _unfold(content: memoryview, granted: int) -> memoryview:
    """Return what a compressed variable unfolds to, which may be `granted` bytes."""
    decoder = zlib.decompressobj()
    try:
        unfolded = decoder.decompress(content, granted + 1)
    except zlib.error as error:
        raise ValueError(f"a compressed variable is damaged ({error})") from None
    if len(unfolded) > granted:
        raise ValueError(f"it unfolds to more than {LIMIT >> 20} MiB, too much for a label map")
    if not decoder.eof:
        raise ValueError(_CUT_OFF)
    return memoryview(unfolded)


def _elements(data: memoryview) -> Elements:
    """Yield the elements that lie one after the other in some bytes."""
    position = 0
    while position < len(data):
        if position + 8 > len(data):
            raise ValueError(_CUT_OFF)
        kind, size = struct.unpack_from("<2I", data, position)
        if kind >> 16:  # up to 4 bytes, which share 8 with their tag
            kind, size, start, position = kind & 0xFFFF, kind >> 16, position + 4, position + 8
        else:
            start = position + 8
            position = start + size + (0 if kind == _COMPRESSED else -size % 8)
        if start + size > min(len(data), position):
            raise ValueError(_CUT_OFF)
        yield kind, data[start : start + size]


def _next(elements: Elements) -> tuple[int, memoryview]:
    element = next(elements, None)
    if element is None:
        raise ValueError(_CUT_OFF)
    return element


def _integers(elements: Elements) -> list[int]:
    """Return the next element, which must consist of integers of 32 bits."""
    kind, content = _next(elements)
    if kind not in (5, 6) or len(content) % 4 or not content:
        raise ValueError("it has no integers where they should be; it is damaged")
    return list(struct.unpack(f"<{len(content) // 4}{'iI'[kind == 6]}", content))


def _matrix(content: memoryview) -> _Matrix:
    rest = _elements(content)
    flags, shape = _integers(rest)[0], _integers(rest)
    return _Matrix(flags, shape, bytes(_next(rest)[1]).decode("latin1"), rest)


def _field(matrix: _Matrix, field: str) -> _Matrix:
    """Return a field of a struct."""
    if matrix.flags & 0xFF != _STRUCT or math.prod(matrix.shape) != 1:
        raise ValueError(f"its variable {matrix.name!r} is not a struct of size 1 x 1")
    length, text = _integers(matrix.rest)[0], bytes(_next(matrix.rest)[1])
    names = [text[at : at + length].split(b"\0")[0] for at in range(0, len(text), max(length, 1))]
    wanted = field.encode("latin1")
    for name in names:
        content = _next(matrix.rest)[1]
        if name == wanted:
            return _matrix(content)
    found = ", ".join(name.decode("latin1") for name in names)[:200]
    raise ValueError(f"its variable {matrix.name!r} has no field {field!r}, only {found or 'none'}")


def _numbers(matrix: _Matrix) -> np.ndarray:
    kind = matrix.flags & 0xFF
    stored, content = _next(matrix.rest)
    if kind not in _NUMERIC or matrix.flags & _COMPLEX or stored not in _NUMBERS:
        raise ValueError("what should be the label map is no array of numbers")
    numbers = np.frombuffer(content, _NUMBERS[stored])
    if min(matrix.shape) < 0 or math.prod(matrix.shape) != numbers.size:
        raise ValueError(f"it claims {matrix.shape[:9]} numbers and has {numbers.size}")
    return numbers.reshape(matrix.shape, order="F")
