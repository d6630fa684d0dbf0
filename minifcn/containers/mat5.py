"""MATLAB's files of versions 5 to 7: nested elements, each with its type and length before it.

The arrays are views of the file, or of what a compressed variable unfolds to.

`scipy.io.loadmat` is for files that one trusts: one of 184 bytes, which claims a cell of a billion,
takes 8 GB and 25 s (SciPy 1.17), and one of 28 kB, of cells within cells, ends the process. It also
copies every array, among them those that training leaves behind, which doubles a network.

Source: The MathWorks, MAT-File Format (2019), "Level 5 MAT-File Format".
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from minifcn.containers.limits import MAX_AXES, MAX_DEPTH, inflation_limit, numbers

HEADER = 128  # bytes: a text, the version, and the byte order as the characters "MI"

_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4"} | {
    7: "<f4",
    9: "<f8",
    12: "<i8",
    13: "<u8",
}
_TEXTS = {1: "latin1", 2: "latin1", 4: "utf-16-le", 16: "utf-8", 17: "utf-16-le", 18: "utf-32-le"}
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMERIC = range(6, 16)  # double, single, integers
_COMPLEX = 0x0800

_MAX_ELEMENTS = 200_000  # GoogLeNet has some thousand
_STEP = 1 << 16  # bytes that are unfolded at a time; a thousandfold at most


def load_mat5(data: memoryview, limit: int | None = None) -> dict[str, Any]:
    """Return the variables in a file.

    Parameters
    ----------
    limit : int, optional
        Bytes to which compressed variables may unfold, all together; by default what the size of
        the file grants.

    Returns
    -------
    dict of name to value
        A numeric array is a read-only view of the shape that MATLAB shows, of the type in which
        its numbers are stored; a text is a str, a cell a list, a struct a dict, and an array of
        structs a list of dicts, both lists in MATLAB's order of elements. What else there may be
        (objects, functions, sparse and complex arrays) is None.

    Raises
    ------
    ValueError
        If the file is damaged, or big-endian, or unfolds to more than that.
    """
    if bytes(data[124:HEADER]) == b"\0\2IM":
        raise ValueError("it is of MATLAB's version 7.3; save it with the option -v7")
    if bytes(data[124:HEADER]) != b"\0\1IM":
        raise ValueError("its header is not that of a MATLAB file, version 5, of a PC")
    granted = inflation_limit(len(data)) if limit is None else limit
    file, variables = _Elements(data, HEADER, [_MAX_ELEMENTS]), {}
    while file.position < len(data):
        kind, content = file.next()
        if kind == _COMPRESSED:
            content = _inflate(content, granted)
            granted -= len(content)
            kind, content = file.within(content).next()
        if kind == _MATRIX:
            name, value = _variable(file.within(content), 0)
            variables[name] = value
    return variables


class _Elements:
    """Consecutive elements, taken one by one; the budget counts those of the whole file."""

    def __init__(self, data: memoryview, position: int, budget: list[int]) -> None:
        self.data = data
        self.position = position
        self.budget = budget

    def within(self, content: memoryview) -> _Elements:
        """Return the elements that an element consists of."""
        return _Elements(content, 0, self.budget)

    def next(self) -> tuple[int, memoryview]:
        """Return the type of the next element and a view of its bytes."""
        self.budget[0] -= 1
        if self.budget[0] < 0:
            raise ValueError(f"it has more than {_MAX_ELEMENTS} elements")
        if self.position + 8 > len(self.data):
            raise ValueError("it ends where an element should begin; it is truncated or damaged")
        kind, size = struct.unpack_from("<2I", self.data, self.position)
        if kind >> 16:  # up to 4 bytes, which share 8 with their tag
            kind, size, start = kind & 0xFFFF, kind >> 16, self.position + 4
            self.position += 8
        else:
            start = self.position + 8
            padding = 0 if kind == _COMPRESSED else -size % 8
            self.position = start + size + padding
        if start + size > min(len(self.data), self.position):
            raise ValueError(f"an element of {size} bytes is cut off; it is truncated or damaged")
        return kind, self.data[start : start + size]

    def integers(self) -> list[int]:
        """Return the next element, which must consist of integers of 32 bits."""
        kind, content = self.next()
        if kind not in (5, 6) or len(content) % 4 or not content:
            raise ValueError("it has no integers where they should be; it is damaged")
        return list(struct.unpack(f"<{len(content) // 4}{'iI'[kind == 6]}", content))


def _inflate(content: memoryview, granted: int) -> memoryview:
    """Return what a compressed variable unfolds to, which may be `granted` bytes."""
    decoder, unfolded = zlib.decompressobj(), bytearray()
    for start in range(0, len(content), _STEP):
        piece = content[start : start + _STEP]
        try:
            unfolded += decoder.decompress(piece, granted + 1 - len(unfolded))
        except zlib.error as error:
            raise ValueError(f"a compressed variable is damaged ({error})") from error
        if len(unfolded) > granted:
            raise ValueError(f"it unfolds to more than the {granted} bytes that are granted")
    if not decoder.eof:
        raise ValueError("a compressed variable is cut off; it is truncated or damaged")
    return memoryview(unfolded).toreadonly()


def _variable(elements: _Elements, depth: int) -> tuple[str, Any]:
    """Return the name, if it has one, and the value that the elements of a matrix describe."""
    if depth > MAX_DEPTH:
        raise ValueError(f"its cells and structs are nested more than {MAX_DEPTH} deep")
    if not elements.data:
        return "", None  # [] in a cell or a field
    flags = elements.integers()[0]
    kind = flags & 0xFF
    if kind not in (_CELL, _STRUCT, _CHAR, *_NUMERIC):
        return "", None
    shape = elements.integers()
    if min(shape) < 0 or not 2 <= len(shape) <= MAX_AXES:
        raise ValueError(f"it has an array of shape {shape[:9]}; it is damaged")
    name = bytes(elements.next()[1]).decode("latin1")
    if kind == _CELL:
        return name, [_inner(elements, depth) for _ in range(math.prod(shape))]
    if kind == _STRUCT:
        structs = list(_structs(elements, math.prod(shape), depth))
        return name, structs[0] if len(structs) == 1 else structs
    stored, content = elements.next()
    if kind == _CHAR:
        return name, bytes(content).decode(_TEXTS.get(stored, "latin1"), "replace")
    if stored not in _NUMBERS or flags & _COMPLEX:
        return name, None
    return name, numbers(content, _NUMBERS[stored], shape, name or "an array", "F")


def _inner(elements: _Elements, depth: int) -> Any:
    """Return the value of the next element of a cell or a struct."""
    kind, content = elements.next()
    if kind != _MATRIX:
        raise ValueError("it has a cell or a struct of something else than arrays; it is damaged")
    return _variable(elements.within(content), depth + 1)[1]


def _structs(elements: _Elements, count: int, depth: int) -> Iterator[dict[str, Any]]:
    """Yield the elements of an array of structs."""
    length = elements.integers()[0]
    text = bytes(elements.next()[1])
    names = [text[at : at + length] for at in range(0, len(text), max(length, 1))]
    fields = [name.split(b"\0")[0].decode("latin1") for name in names]
    for _ in range(count if fields else 0):
        yield {field: _inner(elements, depth) for field in fields}
