"""Arrays that NumPy has pickled, without NumPy taking part.

NumPy's own unpickling trusts the file. Here every object of a pickle becomes a stand-in that does
nothing but keep what it was given; the arrays are made afterwards, of what was kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from minifcn.containers.limits import numbers
from minifcn.containers.restricted_pickle import StandIn


class _PickledArray(StandIn):
    """Stands for an `ndarray`."""


class _PickledDtype(StandIn):
    """Stands for a `dtype`."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments


class _EncodedText:
    """Stands for bytes: pickles before protocol 3 have them as a text and its encoding."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments


def _array(*_: Any) -> _PickledArray:
    return _PickledArray()


# What a pickle of arrays names, in NumPy 1 and 2.
STAND_INS: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("numpy.core.multiarray", "_reconstruct"): _array,
    ("numpy._core.multiarray", "_reconstruct"): _array,
    ("numpy", "ndarray"): _array,
    ("numpy", "dtype"): _PickledDtype,
    ("_codecs", "encode"): _EncodedText,
}


def object_content(stand_in: Any) -> Any:
    """Return the only element of a pickled array of objects.

    Raises
    ------
    ValueError
        If it is not such an array.
    """
    _, _, _, data = _state(stand_in, "the array")
    if not isinstance(data, list) or len(data) != 1:
        raise ValueError("it does not hold one object")
    return data[0]


def numeric_array(stand_in: Any, name: str) -> np.ndarray:
    """Return the array of numbers that a stand-in was given, a view of its bytes.

    Raises
    ------
    ValueError
        If it is not an array, not of numbers, or its data do not have the size of its shape.
    """
    shape, dtype, fortran, data = _state(stand_in, name)
    code = _dtype_code(dtype)
    if not re.fullmatch("[<>=|](f[248]|[iu][1248]|b1)", code):
        raise ValueError(f"{name} is not an array of numbers")
    if not isinstance(shape, tuple) or not all(type(size) is int for size in shape):
        raise ValueError(f"{name} has no shape")
    text = data.arguments[0] if isinstance(data, _EncodedText) and data.arguments else data
    raw = text.encode("latin-1") if isinstance(text, str) else text
    if not isinstance(raw, bytes | memoryview):
        raise ValueError(f"{name} has no data")
    return numbers(raw, code, shape, name, order="F" if fortran else "C")


def as_text(value: Any) -> str | None:
    """Return a text, which in a pickle of Python 2 is bytes; None if it is something else."""
    if isinstance(value, bytes | memoryview):
        return str(value, "latin-1")
    return value if isinstance(value, str) else None


def _state(stand_in: Any, name: str) -> tuple[Any, Any, Any, Any]:
    """Return what an array was pickled as: shape, dtype, whether in Fortran's order, data."""
    state = stand_in.state if isinstance(stand_in, _PickledArray) else None
    if not isinstance(state, tuple) or len(state) != 5:
        raise ValueError(f"{name} is a {type(stand_in).__name__} and no pickled array")
    return state[1:]


def _dtype_code(dtype: Any) -> str:
    """Return byte order, kind and size as NumPy writes them ("<f4"); empty if there are none."""
    state = dtype.state if isinstance(dtype, _PickledDtype) else None
    if not isinstance(state, tuple) or len(state) < 2 or not dtype.arguments:
        return ""
    return f"{as_text(state[1])}{as_text(dtype.arguments[0])}"
