"""The CUDA kernels of the package on the CPU: compiled as C++, run for one thread after the other.

`kernels_on_cpu` gives NumPy, for as long as it lasts, the one thing that CuPy has and the dispatch
asks for: a `RawKernel`. So all of it is tested but the device: when a kernel is launched, with
which types, grid and arguments, and what its body computes.

Every array is handed over as a copy between two margins of bytes 0xFF (not a number, in float). A
write outside changes them, a read outside shows in the result. The threads run in reverse, so that
one which relied on those before it would be found out.
"""

import atexit
import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from minifcn.backend import get_threads, set_threads
from minifcn.functional.cuda import launch
from minifcn.functional.cuda.launch import signature

COMPILER = next(filter(None, map(shutil.which, ("g++", "clang++", "c++"))), None)
MARGIN = 256  # bytes

# No contraction of a * b + c: then what only adds and multiplies gives NumPy's very numbers.
FLAGS = ["-std=c++14", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-ffp-contract=off"]
# Signed overflow, of an index for instance, ends in a trap.
GUARDS = ["-fsanitize=signed-integer-overflow", "-fsanitize-undefined-trap-on-error"]

SHIM = """
struct Three { unsigned x, y, z; };
static Three blockIdx, threadIdx, blockDim, gridDim;
#define __global__
inline float exp(float x) { return __builtin_expf(x); }
inline float log(float x) { return __builtin_logf(x); }
inline float pow(float x, float y) { return __builtin_powf(x, y); }
inline double exp(double x) { return __builtin_exp(x); }
inline double log(double x) { return __builtin_log(x); }
inline double pow(double x, double y) { return __builtin_pow(x, y); }
"""

RUN = """
extern "C" void run(unsigned blocks, unsigned threads, %(parameters)s)
{
    gridDim.x = blocks;
    blockDim.x = threads;
    for (blockIdx.x = blocks; blockIdx.x-- > 0;)
        for (threadIdx.x = threads; threadIdx.x-- > 0;)
            %(name)s(%(arguments)s);
}
"""


@cache
def _folder() -> Path:
    folder = tempfile.mkdtemp(prefix="minifcn-kernels-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@cache
def _compile(text: str, flags: tuple[str, ...]) -> Any:
    """Return the C function that runs a kernel over its grid."""
    assert COMPILER
    name, parameters = signature(text)
    declared = [
        f"{'const ' if p.const else ''}{p.kind}{'*' if p.pointer else ''} {p.name}"
        for p in parameters
    ]
    run = RUN % {
        "name": name,
        "parameters": ", ".join(declared),
        "arguments": ", ".join(p.name for p in parameters),
    }
    source = _folder() / f"{name}-{abs(hash((text, flags)))}.cpp"
    source.write_text(SHIM + text + run)
    library = source.with_suffix(".so")
    subprocess.run([COMPILER, *flags, source, "-o", library], check=True)
    # PyDLL keeps the interpreter's lock: the numbers of block and thread are global variables.
    return ctypes.PyDLL(str(library)).run


class CpuKernel:
    """What `cupy.RawKernel` is on a device.

    With `guarded=False` it is quicker: nothing is watched, and the arrays are not copied.
    """

    launched: ClassVar[list[str]] = []  # names, in order

    def __init__(self, text: str, name: str, *, guarded: bool = True) -> None:
        self.name, self.guarded = name, guarded
        self.parameters = signature(text).parameters
        self.run = _compile(text, (*FLAGS, *(GUARDS if guarded else ())))

    def __call__(self, grid: tuple[int, ...], block: tuple[int, ...], arguments: tuple) -> None:
        """Run the kernel for each thread of each block."""
        CpuKernel.launched.append(self.name)
        passed: list[Any] = []
        copies = []  # of all arrays, for as long as the kernel runs
        for parameter, value in zip(self.parameters, arguments, strict=True):
            if isinstance(value, np.ndarray) and not self.guarded:
                passed.append(ctypes.c_void_p(value.ctypes.data))
            elif isinstance(value, np.ndarray):
                copies.append((parameter, Guarded(value)))
                passed.append(ctypes.c_void_p(copies[-1][1].address))
            else:
                assert isinstance(value, np.generic), "a number has to have a type"
                kind = np.ctypeslib.as_ctypes_type(value.dtype)
                passed.append(kind(value.item()))
        self.run(ctypes.c_uint(grid[0]), ctypes.c_uint(block[0]), *passed)
        for parameter, copy in copies:
            if not parameter.const:
                copy.copy_back(self.name)


class Guarded:
    """A copy of an array's memory, from its first element to its last, between two margins."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.size = launch._extent(array) * array.itemsize
        self.memory = np.empty(self.size + 2 * MARGIN, np.uint8)
        self.margins = self.memory[:MARGIN], self.memory[MARGIN + self.size :]
        for margin in self.margins:
            margin.fill(0xFF)
        self.address = self.memory.ctypes.data + MARGIN
        ctypes.memmove(self.address, array.ctypes.data, self.size)

    def copy_back(self, name: str) -> None:
        """Copy what was written to the array, and look at the margins."""
        untouched = all((margin == 0xFF).all() for margin in self.margins)
        assert untouched, f"kernel {name} wrote outside its array"
        ctypes.memmove(self.array.ctypes.data, self.address, self.size)


@contextmanager
def kernels_on_cpu(**constants: int) -> Iterator[list[str]]:
    """Let NumPy launch kernels; yield the list of the names of those that were.

    Parameters
    ----------
    **constants : int
        Values for THREADS, BLOCKS and SMALL of `launch.py`.

    One launch follows another, as on a device: each copies the memory of its arrays back, and would
    undo what another thread has written between.
    """
    threads = get_threads()
    with pytest.MonkeyPatch.context() as patch, ExitStack() as behind:
        behind.callback(set_threads, threads)
        set_threads(1)
        patch.setattr(np, "RawKernel", CpuKernel, raising=False)
        patch.setattr(CpuKernel, "launched", [])
        for name, value in constants.items():
            patch.setattr(launch, name, value)
        yield CpuKernel.launched
