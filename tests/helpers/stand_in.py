"""A strict stand-in for CuPy, in host memory: what fails on it would fail on a GPU, or wait for it.

`cupy` is a module to be put where CuPy would be:

    monkeypatch.setitem(sys.modules, "cupy", stand_in.cupy)

Its arrays hold NumPy's and do the same arithmetic, but they behave as CuPy's do:

- They do not mix with NumPy's: neither in operators, nor as arguments, indices or values to be
  assigned. `asarray` and `get` are the ways across, and are counted in `transfers`; so is whatever
  else makes the host wait for a number: float(), int(), bool(), item(), tolist().
- Reductions and single elements are arrays of no dimensions. Objects cannot be elements.
- Methods and functions that CuPy does not have are not there (see test_stand_in.py).
- Kernels (`RawKernel`) are compiled as C++ and run on the CPU, if there is a compiler. Of cuBLAS
  there are the routines that are called.

In one point they are stricter. CuPy lets a NumPy function compute on the device if it is given one
of CuPy's arrays; here that is refused, since a layer that names `np` instead of asking for the
array's module breaks as soon as the function makes an array itself.

What the device does by itself (streams, memory, events) is not imitated: there is one queue, and it
is always empty. See test_uploads.py for the order of streams.

`found` returns the same for a machine that is not in order, to be put in the same place.
"""

import ctypes
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from helpers.cuda_on_cpu import COMPILER, CpuKernel
from helpers.stand_in_array import names, ndarray, on_device, transfers, unwrapped, wrapped


def asarray(array: Any, dtype: Any = None, **options: Any) -> ndarray:
    """Upload an array of the host, or numbers; one that is on the device stays there."""
    if isinstance(array, ndarray):
        return ndarray(np.asarray(array._host, dtype, **options))
    transfers["upload"] += 1
    return ndarray(np.array(array, dtype, **options))


def array(array: Any, dtype: Any = None, copy: bool = True, **options: Any) -> ndarray:
    """Like `asarray`, but always a copy."""
    if isinstance(array, ndarray):
        return ndarray(np.array(array._host, dtype, copy=copy, **options))
    return asarray(array, dtype, **options)


class Generator:
    """CuPy's generator, with the draws of NumPy's."""

    def __init__(self, seed: Any = None) -> None:
        self._host = np.random.default_rng(seed)

    def random(self, size: Any = None, dtype: Any = np.float64) -> ndarray:
        """Return numbers from 0 to 1."""
        return wrapped(self._host.random(size, dtype=dtype))

    def standard_normal(self, size: Any = None, dtype: Any = np.float64) -> ndarray:
        """Return normally distributed numbers."""
        return wrapped(self._host.standard_normal(size, dtype=dtype))

    def integers(self, *arguments: Any, **options: Any) -> ndarray:
        """Return integers."""
        return wrapped(self._host.integers(*arguments, **options))


class RawKernel:
    """A kernel, compiled for the CPU and run there."""

    def __init__(self, text: str, name: str) -> None:
        self.kernel = CpuKernel(text, name, guarded=False)  # see test_cuda_on_cpu.py

    def __call__(self, grid: tuple[int, ...], block: tuple[int, ...], arguments: tuple) -> None:
        """Run the kernel for each thread of each block."""
        self.kernel(grid, block, tuple(map(unwrapped, arguments)))


class Stream:
    """A queue whose work is always done."""

    def __init__(self, non_blocking: bool = False) -> None:
        pass

    def record(self, event: Any = None) -> SimpleNamespace:
        """Return the event after all work so far."""
        return SimpleNamespace(done=True, synchronize=lambda: None)

    def wait_event(self, event: Any) -> None:
        """Wait for an event on the device, which has been."""

    def synchronize(self) -> None:
        """Let the host wait for all work."""
        transfers["wait"] += 1


class CUDARuntimeError(RuntimeError):
    """As CuPy's, which has the number of CUDA's error in `status`."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Cublas:
    """The routines of cuBLAS that are called, on the host, with columns first as there."""

    CUBLAS_OP_N, CUBLAS_OP_T = 0, 1
    CUBLAS_POINTER_MODE_HOST, CUBLAS_POINTER_MODE_DEVICE = 0, 1
    CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_32F_FAST_TF32 = 68, 77
    CUBLAS_GEMM_DEFAULT = -1

    def __init__(self) -> None:
        self.mode = self.CUBLAS_POINTER_MODE_HOST

    def getPointerMode(self, handle: int) -> int:
        """Return where scales are read from."""
        return self.mode

    def setPointerMode(self, handle: int, mode: int) -> None:
        """Say where scales are read from."""
        self.mode = mode

    def gemmEx(self, handle: int, opa: int, opb: int, m: int, n: int, k: int, *rest: Any) -> None:
        """Multiply two matrices of half precision, or of single precision rounded to TF32."""
        alpha, a, a_kind, lda, b, b_kind, ldb, beta, c, c_kind, ldc, compute, _ = rest
        assert self.mode == self.CUBLAS_POINTER_MODE_DEVICE and a_kind == b_kind
        assert compute == (68 if a_kind == 2 else 77)
        left, right = self.matrix(a, a_kind, m, k, lda, opa), self.matrix(b, b_kind, k, n, ldb, opb)
        scale, keep = (ctypes.c_float.from_address(p).value for p in (alpha, beta))
        assert keep == 0
        exact = left.astype(np.float32) @ right.astype(np.float32)
        self.matrix(c, c_kind, m, n, ldc, 0)[...] = scale * exact

    @staticmethod
    def matrix(address: int, kind: int, rows: int, columns: int, leading: int, turned: int) -> Any:
        """Return a view of a matrix in memory."""
        dtype = np.dtype({0: np.float32, 2: np.float16}[kind])
        inner, outer = (columns, rows) if turned else (rows, columns)
        assert leading >= inner
        elements = leading * (outer - 1) + inner
        memory = (ctypes.c_ubyte * (elements * dtype.itemsize)).from_address(address)
        steps = (dtype.itemsize, leading * dtype.itemsize)
        return np.ndarray((rows, columns), dtype, memory, strides=steps[::-1] if turned else steps)


PROPERTIES_OF_DEVICE = {"name": b"stand-in", "totalGlobalMem": 16 << 30, "major": 9, "minor": 0}


def _cuda() -> ModuleType:
    """Return what stands for `cupy.cuda`: one device."""
    cuda = ModuleType("cupy.cuda")
    cuda.Stream = Stream
    cuda.get_current_stream = Stream
    cuda.Device = lambda number=0: SimpleNamespace(id=number, compute_capability="90")
    cuda.alloc_pinned_memory = bytearray
    cuda.cublas = Cublas()
    cuda.device = SimpleNamespace(get_cublas_handle=lambda: 1)
    cuda.runtime = SimpleNamespace(
        CUDA_R_32F=0,
        CUDA_R_16F=2,
        CUDARuntimeError=CUDARuntimeError,
        getDeviceCount=lambda: 1,
        driverGetVersion=lambda: 13000,
        runtimeGetVersion=lambda: 13000,
        memGetInfo=lambda: (8 << 30, 16 << 30),
        getDeviceProperties=lambda _: PROPERTIES_OF_DEVICE,
    )
    return cuda


# Of NumPy's functions those that CuPy has too: all that the package calls, and what a change of it
# might well call next.
FUNCTIONS = names("""
abs add all allclose any arange argmax argmin argsort array_equal ascontiguousarray bincount
broadcast_to ceil clip concatenate copyto cos count_nonzero cumsum diag divide dot einsum empty
empty_like equal exp expand_dims expm1 eye flip floor floor_divide frexp full full_like greater
isclose isfinite isinf isnan ldexp less linspace log log1p logical_and logical_not logical_or
matmul max maximum mean meshgrid min minimum moveaxis multiply nan_to_num negative nonzero
not_equal ones ones_like outer pad power prod put_along_axis ravel repeat reshape roll round sign
sin sort split sqrt square squeeze stack std subtract sum swapaxes take take_along_axis tanh
tensordot tile transpose true_divide unique var vdot where zeros zeros_like
""")
VALUES = names("""
bool_ complex64 complex128 dtype e finfo float16 float32 float64 iinfo inf int8 int16 int32 int64
intp nan ndindex newaxis pi uint8 uint16 uint32 uint64
""")


def add_at(array: ndarray, index: Any, value: Any) -> None:
    """Add to elements, to some of them several times."""
    if array.dtype.name not in ("int32", "uint32", "uint64", "float16", "float32", "float64"):
        raise TypeError(f"add.at cannot add {array.dtype}: a GPU has no such atomic operation")
    np.add.at(unwrapped(array), unwrapped(index), unwrapped(value))


def _module() -> ModuleType:
    module = ModuleType("cupy", "A strict stand-in for CuPy.")
    attributes: dict[str, Any] = {name: on_device(getattr(np, name)) for name in FUNCTIONS}
    attributes["add"].at = add_at
    attributes |= {name: getattr(np, name) for name in VALUES}
    attributes |= {"ndarray": ndarray, "asarray": asarray, "array": array}
    pool = SimpleNamespace(
        total_bytes=lambda: 0, free_bytes=lambda: 0, free_all_blocks=lambda: None
    )
    attributes["get_default_memory_pool"] = lambda: pool
    attributes["asnumpy"] = lambda array: array.get()
    attributes["random"] = SimpleNamespace(default_rng=Generator, Generator=Generator)
    as_strided = on_device(np.lib.stride_tricks.as_strided)
    attributes["lib"] = SimpleNamespace(stride_tricks=SimpleNamespace(as_strided=as_strided))
    if COMPILER is not None:
        attributes["RawKernel"] = RawKernel
    attributes |= {"cuda": _cuda(), "__version__": "14.0.0"}
    module.__dict__.update(attributes)
    return module


cupy = _module()


def found(
    *,
    driver: int = 13000,
    runtime: int = 12090,
    count: int | CUDARuntimeError = 1,
    capability: str = "90",
    ones: Exception | Callable[..., ndarray] = cupy.ones,
) -> ModuleType:
    """Return a CuPy that finds what a test says it finds, and has no kernels.

    Parameters
    ----------
    driver, runtime : int
        The versions of CUDA that the driver serves (0: there is none) and that CuPy was made for.
    count : int or CUDARuntimeError
        How many GPUs there are, or what asking for them raises.
    capability : str
        The compute capability, as CuPy writes it.
    ones : callable or Exception
        Makes the operand of the first computation, or what it raises.
    """

    def answer(value: Any) -> Any:
        if isinstance(value, Exception):
            raise value
        return value

    calls = {
        "driverGetVersion": lambda: driver,
        "runtimeGetVersion": lambda: runtime,
        "getDeviceCount": lambda: answer(count),
    }
    module = ModuleType("cupy", "A CuPy that finds what a test says it finds.")
    module.__dict__.update(vars(cupy))
    module.__dict__.pop("RawKernel", None)
    module.ones = lambda *arguments: answer(ones)(*arguments)
    module.cuda = ModuleType("cupy.cuda")
    module.cuda.__dict__.update(vars(cupy.cuda))
    module.cuda.Device = lambda number=0: SimpleNamespace(id=number, compute_capability=capability)
    module.cuda.runtime = SimpleNamespace(**{**vars(cupy.cuda.runtime), **calls})
    return module
