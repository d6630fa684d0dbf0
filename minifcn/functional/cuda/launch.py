"""How a kernel's source becomes a running kernel: its types, its compilation and its grid.

A kernel is a string of CUDA C++ and nothing else. What this file knows of it stands in its own
first line, for instance

    extern "C" __global__ void relu_backward(Index count, const Real* dy, const Real* y, Real* dx)

`Real`, `Label` and the like stand for the types of the arrays it is launched with, `Index` for an
integer that can count them; they are defined by typedefs in front of the source, so one source
serves float and double. Numbers are converted to the type that the line declares, and arrays are
checked against it: a pointer to the wrong type would be read as nonsense, silently.

CuPy compiles the text at the first launch, for the device at hand, and keeps the result on disk.
"""

from __future__ import annotations

import re
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

from minifcn.backend import Array, array_module

THREADS = 256  # of a block
BLOCKS = 1 << 16  # at most; a thread takes several elements of a larger array
# Sizes up to which 32 bits can count, including the step that leaves the loop.
SMALL = (1 << 31) - (1 << 24)

# What the names of types in the sources may stand for: dtype -> type of CUDA C++.
TYPES = {
    "Real": {"float32": "float", "float64": "double"},
    "Word": {
        "uint8": "unsigned char",
        "uint16": "unsigned short",
        "uint32": "unsigned int",
        "uint64": "unsigned long long",
    },
    "Place": {"uint8": "unsigned char", "uint16": "unsigned short", "uint32": "unsigned int"},
    "Label": {"uint8": "unsigned char", "int32": "int", "int64": "long long"},
    "Index": {"int32": "int", "int64": "long long"},
}
FIXED = {"bool": "bool", "float": "float32"}  # types of CUDA C++ that need no typedef

PRELUDE = """\
// The elements of this thread: every (number of threads)-th, from its own number on.
#define FOR_EACH(i, count) \\
    for (Index i = (Index)blockIdx.x * blockDim.x + threadIdx.x; i < (count); \\
         i += (Index)gridDim.x * blockDim.x)
"""


class Parameter(NamedTuple):
    """One parameter of a kernel."""

    kind: str  # Real, Index, bool ...
    name: str
    pointer: bool
    const: bool  # only read


class Signature(NamedTuple):
    """The first line of a kernel's source."""

    name: str
    parameters: tuple[Parameter, ...]


@cache
def signature(source: str) -> Signature:
    """Return the name and the parameters of the kernel in `source`."""
    found = re.search(r'extern "C" __global__ void (\w+)\(([^)]*)\)', source)
    assert found, "the source holds no kernel"
    parameters = []
    for text in found[2].split(","):
        *kind, name = text.replace("*", " * ").replace("__restrict__", "").split()
        word = next(part for part in kind if part not in ("const", "*"))
        parameters.append(Parameter(word, name, "*" in kind, "const" in kind))
    return Signature(found[1], tuple(parameters))


def kernel_text(source: str, dtypes: dict[str, str]) -> str:
    """Return the text to compile: the source with a typedef for each name of a type in front.

    Parameters
    ----------
    source : str
    dtypes : dict
        From the names of types in the source's first line to dtypes, as in {"Real": "float32"}.
    """
    typedefs = [f"typedef {TYPES[kind][dtype]} {kind};\n" for kind, dtype in dtypes.items()]
    return "".join(typedefs) + PRELUDE + source


def launchable(xp: ModuleType) -> bool:
    """Return whether the array module can launch kernels: CuPy can, NumPy cannot."""
    return "RawKernel" in vars(xp)  # hasattr would ask NumPy, which is slow to say no


def launch(source: str, count: int, *arguments: Any) -> None:
    """Run a kernel on the current stream, with a thread for each of `count` elements.

    Parameters
    ----------
    source : str
    count : int
        The kernel's first parameter.
    *arguments : array, int, float, bool or None
        The others, in order. An array that is only read may have any strides; one that is written
        to has those that the kernel expects. None is a null pointer.

    Raises
    ------
    TypeError
        If an array has another dtype than the kernel's first line asks for.
    """
    if count == 0:
        return
    name, parameters = signature(source)
    given = list(zip(parameters, (count, *arguments), strict=True))
    arrays = [(p, value) for p, value in given if p.pointer and value is not None]
    xp = array_module(*(array for _, array in arrays))
    index = "int32" if max(count, *(_extent(array) for _, array in arrays)) <= SMALL else "int64"
    dtypes = {"Index": index}
    for parameter, array in arrays:
        _check(name, parameter, array, dtypes)
    for kind in {p.kind for p in parameters} & (set(TYPES) - set(dtypes)):
        dtypes[kind] = next(iter(TYPES[kind]))  # of null pointers only, so that any will do
    values = [_value(xp, parameter, value, dtypes) for parameter, value in given]
    blocks = min(BLOCKS, -(-count // THREADS))
    compiled(xp, name, kernel_text(source, dtypes))((blocks,), (THREADS,), tuple(values))


@cache
def compiled(xp: ModuleType, name: str, text: str) -> Any:
    """Return the kernel `name` of a text, to be called with the grid, the block and a tuple."""
    return xp.RawKernel(text, name)


def _extent(array: Array) -> int:
    """Return how many elements lie between the first and the last one of an array, both included.

    For a view of some rows that is more than its size.
    """
    steps = zip(array.shape, array.strides, strict=True)
    return sum((n - 1) * stride for n, stride in steps) // array.itemsize + 1


def _check(name: str, parameter: Parameter, array: Array, dtypes: dict[str, str]) -> None:
    """Note down which dtype the name of a parameter's type stands for, or hold the array to it."""
    kind, dtype = parameter.kind, array.dtype.name
    if kind in TYPES and dtype in TYPES[kind]:
        expected = dtypes.setdefault(kind, dtype)
    else:
        expected = FIXED.get(kind, f"one of {', '.join(TYPES.get(kind, ()))}")
    if dtype != expected:
        raise TypeError(f"kernel {name}: {parameter.name} must be {expected}, not {dtype}")


def _value(xp: ModuleType, parameter: Parameter, value: Any, dtypes: dict[str, str]) -> Any:
    """Return an argument in the form in which CuPy passes it on: an array or a typed number."""
    if not parameter.pointer:
        return xp.dtype(dtypes.get(parameter.kind) or FIXED[parameter.kind]).type(value)
    if value is None:
        return xp.uint64(0)
    return xp.ascontiguousarray(value) if parameter.const else value
