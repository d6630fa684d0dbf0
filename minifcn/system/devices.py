"""Which device computes: the CPU through NumPy, or a GPU through CuPy where one can be used.

A GPU needs NVIDIA's driver, CuPy, and the libraries of CUDA that CuPy loads when they are first
called. Whichever is missing shows as another exception, at another moment. All of them are looked
for here, before anything is computed, and what is wrong is said in one sentence.
"""

from __future__ import annotations

import os
from types import ModuleType

import numpy as np

from minifcn.backend import get_threads, set_product_precision, set_threads
from minifcn.system.machine import Memory, memory
from minifcn.system.mishaps import Mishap

# The least compute capability: what the kernels are compiled for in the tests (7.0, Volta), and
# what CUDA 13 still compiles for (7.5, Turing).
CAPABILITY = (7, 0)
CAPABILITY_OF_CUDA_13 = (7, 5)
# The least driver of each CUDA; within a major version, a newer CUDA runs on an older driver.
DRIVERS = {12: "525", 13: "580"}

_INSUFFICIENT_DRIVER, _NO_DEVICE = 35, 100  # numbers of CUDA's errors
# How CuPy, the linker and the compiler say that a file of CUDA is not there.
_MISSING = ("failed to load", "failure finding", "cannot open", "cuda root")
_OTHERWISE = "or give --device cpu"
_REPLACE = "replace this CuPy (pip uninstall) by that of 'minifcn[gpu-cuda12]'"


class DeviceError(Mishap, RuntimeError):
    """A device was asked for that cannot be used; the message says why and what to do."""


def device_module(device: str, place: int | None = None) -> ModuleType:
    """Return the array module of a device: "cpu", "gpu", or "auto" (the GPU where one works).

    Parameters
    ----------
    place : int, optional
        The number of this process among those of its machine, which take its GPUs in turn.

    Raises
    ------
    DeviceError
        If "gpu" is asked for and cannot be used.
    ValueError
        If `device` is none of the three words.
    """
    if device not in ("cpu", "gpu", "auto"):
        raise ValueError(f"device must be 'cpu', 'gpu' or 'auto', not {device!r}")
    if device == "cpu":
        return np
    try:
        cupy = _usable_cupy()
    except Exception as error:
        if device == "auto":
            return np
        if isinstance(error, DeviceError):
            raise
        raise DeviceError(
            f"a GPU cannot be used through CuPy ({_reason(error)}): see whether nvidia-smi shows "
            f"it in order and free, {_OTHERWISE}"
        ) from error
    if place is not None:
        cupy.cuda.Device(place % cupy.cuda.runtime.getDeviceCount()).use()
    return cupy


def take_device(
    device: str = "auto", threads: int = 0, precision: str = "float32", place: int | None = None
) -> ModuleType:
    """Compute from now on, in all of this process, as is wanted; return the array module.

    Parameters
    ----------
    device, place
        See `device_module`, which also says what is raised.
    threads : int
        Of the CPU; 0 for as many as the process may use.
    precision : str
        Of matrix products on a GPU, see `backend.PRECISIONS`.
    """
    set_threads(threads)
    set_product_precision(precision)
    return device_module(device, place)


def describe_device(xp: ModuleType) -> str:
    """Return what computes, in words: "the CPU (2 threads)", "NVIDIA A100 through CuPy 14.0.1"."""
    if xp is np:
        threads = get_threads()
        return f"the CPU ({threads} thread{'s' if threads > 1 else ''})"
    return f"{device_name(xp, xp.cuda.Device().id)} through CuPy {xp.__version__}"


def device_memory(xp: ModuleType) -> Memory:
    """Return the memory of the device, and how much of it can still be taken."""
    if xp is np:
        return memory()
    free, total = xp.cuda.runtime.memGetInfo()
    return Memory(int(free + xp.get_default_memory_pool().free_bytes()), int(total))


def device_name(xp: ModuleType, number: int) -> str:
    """Return what the GPU of that number is called."""
    return str(xp.cuda.runtime.getDeviceProperties(number)["name"].decode())


def version_text(number: int) -> str:
    """Return a version as it is written, of CUDA's number: 12.4 of 12040."""
    return f"{number // 1000}.{number % 1000 // 10}"


def _usable_cupy() -> ModuleType:
    """Return CuPy once it has computed something right.

    Raises
    ------
    DeviceError
        For whatever is known to go wrong.
    Exception
        For the rest.
    """
    cupy = _imported()
    _check_driver(cupy)
    _check_capability(cupy)
    _check_libraries(cupy)
    return cupy


def _imported() -> ModuleType:
    try:
        import cupy
    except ModuleNotFoundError as error:
        if error.name != "cupy":
            raise
        raise DeviceError(
            "a GPU is used through CuPy, which is not installed: pip install "
            "'minifcn[gpu-cuda12]' or, for a driver of CUDA 13, 'minifcn[gpu-cuda13]', "
            f"{_OTHERWISE}"
        ) from error
    except ImportError as error:
        raise DeviceError(
            f"CuPy is installed and cannot be imported ({_reason(error.__cause__ or error)}): "
            "uninstall whatever pip list shows as cupy, and install 'minifcn[gpu-cuda12]' or "
            f"'minifcn[gpu-cuda13]', {_OTHERWISE}"
        ) from error
    return cupy


def _check_driver(cupy: ModuleType) -> None:
    """Ask for the number of GPUs, which needs a driver, new enough, and one of them."""
    runtime = cupy.cuda.runtime
    driver, built_for = runtime.driverGetVersion(), runtime.runtimeGetVersion()
    if driver == 0:
        raise DeviceError(
            f"CuPy {cupy.__version__} finds no NVIDIA driver: install one (a container must be "
            f"started with its GPUs, e.g. docker run --gpus all), {_OTHERWISE}"
        )
    if driver // 1000 < built_for // 1000:
        raise _driver_too_old(cupy)
    try:
        count = runtime.getDeviceCount()
    except runtime.CUDARuntimeError as error:
        if error.status == _INSUFFICIENT_DRIVER:
            raise _driver_too_old(cupy) from error
        if error.status != _NO_DEVICE:
            raise
        count = 0
    if count == 0:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        hidden = "" if visible is None else f" (CUDA_VISIBLE_DEVICES is {visible!r})"
        raise DeviceError(
            f"the NVIDIA driver, for CUDA {version_text(driver)}, shows no GPU{hidden}: see "
            f"whether nvidia-smi lists one, {_OTHERWISE}"
        )


def _driver_too_old(cupy: ModuleType) -> DeviceError:
    runtime = cupy.cuda.runtime
    driver, built_for = runtime.driverGetVersion(), runtime.runtimeGetVersion()
    needed = DRIVERS.get(built_for // 1000)
    update = "update the driver" + (f" to {needed} or newer" if needed else "")
    other = f", or {_REPLACE}" if 12 <= driver // 1000 < built_for // 1000 else ""
    return DeviceError(
        f"the NVIDIA driver is too old: it serves CUDA {version_text(driver)}, and CuPy "
        f"{cupy.__version__} is made for CUDA {version_text(built_for)}; {update}{other}, "
        f"{_OTHERWISE}"
    )


def _check_capability(cupy: ModuleType) -> None:
    device = cupy.cuda.Device()
    major, minor = int(device.compute_capability[:-1]), int(device.compute_capability[-1])
    cuda = cupy.cuda.runtime.runtimeGetVersion()
    needed = CAPABILITY if cuda < 13000 else CAPABILITY_OF_CUDA_13
    if (major, minor) >= needed:
        return
    raise DeviceError(
        f"{device_name(cupy, device.id)} has compute capability {major}.{minor}, and "
        f"{needed[0]}.{needed[1]} is the least that can be used with CUDA {version_text(cuda)}: "
        f"{_REPLACE if (major, minor) >= CAPABILITY else 'take a newer GPU'}, {_OTHERWISE}"
    )


def _check_libraries(cupy: ModuleType) -> None:
    """Compute with what a net needs: the compiler, matrix products, random numbers."""
    try:
        ones = cupy.ones((2, 3), "float32")
        total = float((ones @ ones.T).sum())
        cupy.random.default_rng(0).random(1)
    except Exception as error:
        if not isinstance(error, ImportError) and not any(
            words in str(error).lower() for words in _MISSING
        ):
            raise
        cuda = cupy.cuda.runtime.runtimeGetVersion() // 1000
        raise DeviceError(
            f"CuPy {cupy.__version__} misses a part of CUDA ({_reason(error)}): pip install "
            f"'cupy-cuda{cuda}x[ctk]', as 'minifcn[gpu-cuda{cuda}]' does, brings all of them, "
            f"{_OTHERWISE}"
        ) from error
    if total != 12:
        raise DeviceError(f"the GPU computes 12 as {total}: it is not in order; give --device cpu")


def _reason(error: BaseException) -> str:
    """Return the kind of an error and what it says, as far as that fits into a sentence."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else "without a word"
    return f"{type(error).__name__}: {text if len(text) <= 100 else text[:97] + '...'}"
