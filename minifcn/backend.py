"""The ground floor: which array module, moving arrays between host and device, threads.

One source serves NumPy and CuPy: a function asks `array_module(x)` for the module its argument
belongs to and computes with that. CuPy is never imported to ask the question: an array can only
be CuPy's if somebody has imported CuPy already.

Threads. The arithmetic is cut into strips (see `functional/fast/`), and `parallel_map` runs the
strips on a pool with one thread per core. NumPy and BLAS both release the GIL, so the copies of
one strip overlap with the products of another. BLAS itself is held to one thread from the first
call on: its own threads wait for their next product awake, for milliseconds, and take a core from
the strips behind it. (GoogLeNet's step was no faster on two threads than on one.)
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from queue import SimpleQueue
from threading import Thread
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

Array = Any  # numpy.ndarray or cupy.ndarray

# The label of pixels that count neither in the loss nor in the metrics: VOC's boundary, "void",
# "unlabelled". It is here because the loss, the data and the pictures must agree on it, and know
# nothing of each other.
IGNORE = 255

Item = TypeVar("Item")
Result = TypeVar("Result")


# ---------------------------------------------------------------------------------------------
# Array modules
# ---------------------------------------------------------------------------------------------


def array_module(*arrays: Array) -> ModuleType:
    """Return the module that the arrays belong to: `cupy` if any is CuPy's, else `numpy`."""
    cupy = sys.modules.get("cupy")
    if cupy is not None and any(isinstance(array, cupy.ndarray) for array in arrays):
        return cupy
    return np


def in_memory(array: Array) -> tuple[int, ...]:
    """Return the axes of an array in the order in which it lies in memory, the outermost first."""
    strides, shape = array.strides, array.shape
    return tuple(sorted(range(array.ndim), key=lambda axis: (-strides[axis], -shape[axis])))


def to_device(array: np.ndarray, xp: ModuleType) -> Array:
    """Copy a host array to the device of `xp`; with NumPy, return it as it is."""
    return array if xp is np else xp.asarray(array)


def to_host(array: Array) -> np.ndarray:
    """Copy an array to the host; a NumPy array is returned as it is."""
    return array if array_module(array) is np else array.get()


def synchronize(xp: ModuleType) -> None:
    """Wait until the device of `xp` has done what it was given; a CPU has, always."""
    if xp is not np:
        xp.cuda.get_current_stream().synchronize()


# ---------------------------------------------------------------------------------------------
# The precision of matrix products on a GPU
# ---------------------------------------------------------------------------------------------

PRECISIONS = ("float32", "tf32", "float16")

_precision = {"products": "float32"}


def get_product_precision() -> str:
    """Return the precision in which a GPU multiplies matrices of float32."""
    return _precision["products"]


def set_product_precision(precision: str) -> None:
    """Let a GPU multiply matrices of float32 in this precision from now on; a CPU takes no notice.

    Parameters
    ----------
    precision : "float32", "tf32" or "float16"
        What the products read; they add up, and return, float32 (`functional/fast/product.py`).

    Raises
    ------
    ValueError
        If it is none of the three.
    """
    if precision not in PRECISIONS:
        raise ValueError(
            f"the precision of products must be one of {', '.join(PRECISIONS)}, not {precision!r}"
        )
    _precision["products"] = precision


# ---------------------------------------------------------------------------------------------
# Threads
# ---------------------------------------------------------------------------------------------

_settings = {"threads": 0}  # 0: as many as the process may use
_inside = threading.local()  # set while a thread runs a strip, so that nested calls stay serial


def available_threads() -> int:
    """Return how many processors this process may use, its affinity and cgroup limits respected."""
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            quota, period = file.read().split()
    except (OSError, ValueError):
        return count
    return count if quota == "max" else max(1, min(count, round(int(quota) / int(period))))


def get_threads() -> int:
    """Return the number of threads that `parallel_map` uses: within another one, 1."""
    if getattr(_inside, "strip", False):
        return 1
    return _settings["threads"] or available_threads()


@contextmanager
def one_thread(wanted: bool) -> Iterator[None]:
    """Let this thread compute a block alone, if that is wanted; calling others takes its time."""
    before = getattr(_inside, "strip", False)
    _inside.strip = before or wanted
    try:
        yield
    finally:
        _inside.strip = before


def set_threads(count: int) -> None:
    """Use `count` threads from now on; 0 means as many as the process may use."""
    if count < 0:
        raise ValueError(f"the number of threads must be at least 0, not {count}")
    _settings["threads"] = count
    _hold_blas()


@cache
def _helpers(count: int) -> SimpleQueue[Callable[[], None]]:
    """Start so many threads; return the queue from which they take what they are to do."""
    jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def help_out() -> None:
        while True:
            jobs.get()()

    for number in range(count):
        Thread(target=help_out, name=f"minifcn_{number}", daemon=True).start()
    return jobs


@cache
def _hold_blas() -> None:
    """Let BLAS compute in the thread that calls it."""
    ThreadpoolController().limit(limits=1, user_api="blas")


def cut(size: int, count: int) -> list[slice]:
    """Cut range(size) into `count` slices in a row, whose lengths differ by one at most."""
    return [slice(size * i // count, size * (i + 1) // count) for i in range(count)]


def parallel_map(
    xp: ModuleType, function: Callable[[Item], Result], items: Iterable[Item]
) -> list[Result]:
    """Return `[function(item) for item in items]`, computed on all threads.

    The order of the results is that of the items, so a sum over them does not depend on timing.
    On a GPU, with one thread, for a single item and inside another `parallel_map` the calls are
    made one after the other in the caller's thread.

    Parameters
    ----------
    xp : module
        The array module the function computes with; only NumPy's work is spread over threads.
    function : callable
        Must write only to memory of its own item.
    items : iterable
    """
    _hold_blas()
    items = list(items)
    threads = min(get_threads(), len(items))
    if xp is not np or threads < 2:
        return [function(item) for item in items]

    results: dict[int, Result] = {}
    errors: dict[int, BaseException] = {}
    queue = iter(enumerate(items))  # shared: whoever is free takes the next item
    done: SimpleQueue[None] = SimpleQueue()  # a word from each helper that finds no more to do

    def work() -> None:
        _inside.strip = True
        for number, item in queue:
            try:
                results[number] = function(item)
            except BaseException as error:
                errors[number] = error
            if errors:
                break
        _inside.strip = False

    def help_out() -> None:
        work()
        done.put(None)

    jobs = _helpers(get_threads() - 1)
    for _ in range(threads - 1):
        jobs.put(help_out)
    work()  # the caller's thread is one of them
    # A helper that comes too late, when all is done, is not waited for.
    for _ in range(threads - 1):
        if len(results) == len(items):
            break
        done.get()
    if errors:
        raise errors[min(errors)]
    return [results[number] for number in range(len(items))]
