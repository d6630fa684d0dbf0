"""What a PyTorch pickle may refer to: storages, tensors and parameters, all of them inert here.

Nothing of PyTorch is needed: a tensor is a shape and strides over a storage, and a storage is a row
of numbers elsewhere in the file. `TORCH_GLOBALS` is the whole list of names that are understood.

Source: the functions of `torch._utils` of the same names.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from minifcn.containers.limits import MAX_AXES, widened
from minifcn.containers.restricted_pickle import StandIn, checked_key

_BFLOAT16 = "bfloat16"
_DTYPES = {
    "Double": "<f8",
    "Float": "<f4",
    "Half": "<f2",
    "BFloat16": _BFLOAT16,
    "Long": "<i8",
    "Int": "<i4",
    "Short": "<i2",
    "Char": "i1",
    "Byte": "u1",
    "Bool": "?",
}


class StorageType(NamedTuple):
    """The type of the numbers in a storage, e.g. `torch.FloatStorage`."""

    dtype: str

    @property
    def itemsize(self) -> int:
        """Bytes of a number in the file."""
        return 2 if self.dtype == _BFLOAT16 else np.dtype(self.dtype).itemsize


class Storage:
    """A row of numbers, which are attached when they are found in the file."""

    def __init__(self, kind: StorageType, numel: int) -> None:
        self.kind = kind
        self.numel = numel
        self.array: np.ndarray | None = None

    @property
    def nbytes(self) -> int:
        """Bytes in the file."""
        return self.numel * self.kind.itemsize

    def attach(self, data: memoryview) -> None:
        """Take `nbytes` bytes as the numbers: a view of them, but a copy of bfloat16 as float32."""
        if len(data) != self.nbytes:
            raise ValueError(f"a storage of {self.nbytes} bytes has {len(data)} in the file")
        if self.kind.dtype == _BFLOAT16:
            self.array = widened(np.frombuffer(data, "<u2"))
        else:
            self.array = np.frombuffer(data, self.kind.dtype)
        self.array.flags.writeable = False


class StorageView(NamedTuple):
    """Consecutive numbers of a storage; tensors may share them."""

    storage: Storage
    start: int
    numel: int


class Tensor(NamedTuple):
    """A shape and strides, counted in numbers, over a storage."""

    view: StorageView
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> np.ndarray:
        """Return the tensor as a read-only view of its storage.

        Raises
        ------
        ValueError
            If it reaches beyond its part of the storage, or has more elements than that.
        """
        storage, start, numel = self.view
        if storage.array is None:
            raise ValueError("a tensor refers to a storage that is not in the file")
        numbers = storage.array[start : start + numel]
        # A stride of 0 repeats a number, so that 4 bytes could be a tensor of any size.
        if math.prod(self.shape) > len(numbers):
            raise ValueError(f"a tensor of shape {self.shape} has a storage of {len(numbers)}")
        if 0 in self.shape:
            return numbers[:0].reshape(self.shape)
        # Checked here, for NumPy's own check overflows.
        steps = [
            (length - 1) * stride for length, stride in zip(self.shape, self.strides, strict=True)
        ]
        if self.offset + sum(steps) >= len(numbers):
            raise ValueError(f"a tensor of shape {self.shape} reaches beyond its storage")
        step = numbers.itemsize
        strides = [stride * step for stride in self.strides]
        return np.ndarray(self.shape, numbers.dtype, numbers, self.offset * step, strides)


class Parameter(StandIn):
    """A tensor that was trained; files older than PyTorch 0.4 give it in its state."""

    def __init__(self, data: Any = None, *_: Any) -> None:
        self.data = data


class Ignored(StandIn):
    """Something that is no array, e.g. the best score of a training run."""

    def __init__(self, *_: Any) -> None:
        pass


def tensor_of(value: Any) -> Tensor | None:
    """Return the tensor that a value is, or that it is a parameter of; otherwise None."""
    if isinstance(value, Parameter):
        state = value.state if isinstance(value.state, tuple) else ()
        value = value.data or next(iter(state), None)
    return value if isinstance(value, Tensor) else None


def natural(value: Any) -> int:
    """Return an integer from a file that counts something; ValueError if it cannot."""
    if type(value) is not int:
        raise ValueError(f"there is a {type(value).__name__} where a count should be")
    if not 0 <= value < 1 << 62:
        raise ValueError(f"there is the number {value:.3g} where a count should be")
    return value


def rebuild_tensor(view: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Tensor:
    """Return a tensor; what PyTorch says about its gradient comes last and is not used."""
    if not isinstance(view, StorageView):
        raise ValueError("a tensor has no storage")
    lengths, steps = tuple(map(natural, shape)), tuple(map(natural, strides))
    if len(lengths) != len(steps) or len(lengths) > MAX_AXES:
        raise ValueError(f"a tensor of {len(lengths)} dimensions has {len(steps)} strides")
    return Tensor(view, natural(offset), lengths, steps)


def _rebuild_parameter(data: Any, *_: Any) -> Any:
    return data


def _ordered_dict(items: Any = ()) -> dict[Any, Any]:
    """Return a dict; Python 2 gives its items as a list of lists, Python 3 sets them later."""
    return {checked_key(key): value for key, value in items}


_STORAGES = {
    (module, f"{name}Storage"): StorageType(dtype)
    for module in ("torch", "torch.cuda")
    for name, dtype in _DTYPES.items()
}
_IGNORED = [
    ("_codecs", "encode"),
    ("collections", "Counter"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("torch", "device"),
]
TORCH_GLOBALS: dict[tuple[str, str], Any] = {
    **_STORAGES,
    **dict.fromkeys(_IGNORED, Ignored),
    ("collections", "OrderedDict"): _ordered_dict,
    ("torch", "Size"): tuple,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    ("torch._utils", "_rebuild_tensor"): rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor,
    ("torch.nn.parameter", "Parameter"): Parameter,
}
