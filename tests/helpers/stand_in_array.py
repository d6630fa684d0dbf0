"""The array of the stand-in for CuPy; what it refuses, and why, stands in stand_in.py."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

transfers: Counter[str] = Counter()  # "upload", "download", "wait": how often it came to that

SCALARS = (bool, int, float, complex, np.generic)


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count the transfers inside the block."""
    before = transfers.copy()
    since: Counter[str] = Counter()
    yield since
    since.update(transfers - before)


def names(text: str) -> list[str]:
    """Return the words of a text."""
    return text.split()


def unwrapped(value: Any) -> Any:
    """Return NumPy's array in place of the stand-in's, in sequences and dicts as well."""
    if isinstance(value, ndarray):
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}: an array of the host among the device's")
    if type(value) in (tuple, list):
        return type(value)(unwrapped(part) for part in value)
    return value


def wrapped(value: Any) -> Any:
    """Return the stand-in's array in place of NumPy's; the numbers of a reduction as well."""
    if isinstance(value, (np.ndarray, np.generic)):
        return ndarray(np.asarray(value))
    if type(value) in (tuple, list):
        return type(value)(wrapped(part) for part in value)
    return value


def on_device(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of NumPy as the device has it: from its arrays to its arrays."""

    def call(*arguments: Any, **options: Any) -> Any:
        out = options.get("out")
        result = function(
            *map(unwrapped, arguments),
            **{name: unwrapped(value) for name, value in options.items()},
        )
        return out if out is not None else wrapped(result)

    call.__name__ = function.__name__
    return call


class ndarray:
    """An array on the device that is none; see the head of this file."""

    __array_ufunc__ = None  # NumPy's operators leave it to ours, and its functions refuse
    __hash__ = None  # type: ignore[assignment]
    __slots__ = ("__weakref__", "_host")

    def __init__(self, host: np.ndarray) -> None:
        if host.dtype.kind not in "biufc":
            raise TypeError(f"Unsupported dtype {host.dtype}")
        self._host = host

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    def __array_function__(self, function: Callable[..., Any], *_: Any) -> Any:
        raise TypeError(f"numpy.{function.__name__} was given an array of the device")

    def __getattr__(self, name: str) -> Any:
        if name in PROPERTIES:
            value = getattr(self._host, name)
            return wrapped(value) if isinstance(value, np.ndarray) else value
        if name in METHODS:
            return on_device(getattr(self._host, name))
        raise AttributeError(f"the device's arrays have no {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "shape":
            self._host = self._host.reshape(value)
        else:
            object.__setattr__(self, name, value)

    def __getitem__(self, key: Any) -> ndarray:
        return ndarray(np.asarray(self._host[unwrapped(key)]))

    def __setitem__(self, key: Any, value: Any) -> None:
        if not isinstance(value, (ndarray, *SCALARS)):
            raise TypeError(f"Unsupported type {type(value)}: it cannot be assigned on the device")
        self._host[unwrapped(key)] = unwrapped(value)

    def __len__(self) -> int:
        return len(self._host)

    def __iter__(self) -> Iterator[ndarray]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        return f"device {self._host!r}"

    @property
    def flat(self) -> Flat:
        """The elements in order."""
        return Flat(self)

    @property
    def data(self) -> SimpleNamespace:
        """The memory, which cuBLAS is given the address of."""
        return SimpleNamespace(ptr=self._host.ctypes.data)

    def get(self, *_: Any, out: np.ndarray | None = None, **__: Any) -> np.ndarray:
        """Copy the array to the host."""
        transfers["download"] += 1
        if out is None:
            return self._host.copy(order="A")
        out[...] = self._host
        return out

    def set(self, array: np.ndarray, stream: Any = None) -> None:
        """Copy an array of the host here."""
        assert isinstance(array, np.ndarray)
        assert array.shape == self.shape and array.dtype == self.dtype
        transfers["upload"] += 1
        self._host[...] = array

    def item(self, *index: Any) -> Any:
        """Copy an element to the host."""
        transfers["download"] += 1
        return self._host.item(*index)

    def tolist(self) -> Any:
        """Copy the elements to the host."""
        return self.get().tolist()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())


class Flat:
    """CuPy's `flatiter`: an element by its number is an array of no dimensions, and a copy."""

    def __init__(self, array: ndarray) -> None:
        self.array = array

    def __getitem__(self, index: Any) -> ndarray:
        return ndarray(np.array(self.array._host.flat[index]))

    def __setitem__(self, index: Any, value: Any) -> None:
        self.array._host.flat[index] = unwrapped(value)

    def __len__(self) -> int:
        return self.array._host.size

    def __iter__(self) -> Iterator[ndarray]:
        return (self[index] for index in range(len(self)))


PROPERTIES = frozenset(names("dtype flags imag itemsize nbytes ndim real shape size strides T"))
METHODS = frozenset(
    names("""
    all any argmax argmin argsort astype clip copy cumsum diagonal dot fill flatten max mean min
    prod ravel repeat reshape round sort squeeze std sum swapaxes take trace transpose var
    view
    """)
)


def _binary(function: Callable[..., Any]) -> Callable[..., ndarray]:
    return lambda self, other: wrapped(function(self._host, _operand(other)))


def _reflected(function: Callable[..., Any]) -> Callable[..., ndarray]:
    return lambda self, other: wrapped(function(_operand(other), self._host))


def _unary(function: Callable[..., Any]) -> Callable[..., ndarray]:
    return lambda self: wrapped(function(self._host))


def _in_place(function: Callable[..., Any]) -> Callable[..., ndarray]:
    def compute(self: ndarray, other: Any) -> ndarray:
        function(self._host, _operand(other))
        return self

    return compute


def _operand(value: Any) -> Any:
    if not isinstance(value, (ndarray, *SCALARS)):
        raise TypeError(f"Unsupported type {type(value)}")
    return unwrapped(value)


for _name in names("add sub mul truediv floordiv mod pow and or xor lshift rshift matmul"):
    setattr(ndarray, f"__{_name}__", _binary(getattr(operator, f"__{_name}__")))
    setattr(ndarray, f"__r{_name}__", _reflected(getattr(operator, f"__{_name}__")))
    if _name != "matmul":  # CuPy has no @=
        setattr(ndarray, f"__i{_name}__", _in_place(getattr(operator, f"__i{_name}__")))
for _name in names("lt le gt ge eq ne"):
    setattr(ndarray, f"__{_name}__", _binary(getattr(operator, _name)))
for _name in names("neg pos abs invert"):
    setattr(ndarray, f"__{_name}__", _unary(getattr(operator, _name)))
