"""Say what is installed, and test that it works: `python -m minifcn.doctor`."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distributions, version
from types import ModuleType
from typing import NamedTuple

import numpy as np

import minifcn
from minifcn.backend import available_threads, set_threads
from minifcn.distributed.guard import guarded
from minifcn.fetching.fetch import cache_folder
from minifcn.functional.fast.winograd_strips import TILES_AT_A_TIME
from minifcn.system.command import command_parser
from minifcn.system.devices import (
    DeviceError,
    describe_device,
    device_module,
    device_name,
    version_text,
)
from minifcn.system.machine import (
    blas,
    gigabytes,
    memory,
    processor_name,
    second_level_cache,
)
from minifcn.system.resources import shipped_weights
from minifcn.training.self_test import WEIGHTS, self_test
from minifcn.weights.store import WeightsError, load_weights

DESCRIPTION = """\
Print what a report of a problem needs (versions, processor, memory, GPU), and test in some seconds
that the CPU, and a GPU if there is one, compute what they should.

  python -m minifcn.doctor

The last line says whether everything works and, if not, what to do. The exit status is then 1.
"""
LIBRARIES = {"NumPy": "numpy", "h5py": "h5py", "Pillow": "pillow"}
EXTRAS = {"SciPy": "scipy", "mpi4py": "mpi4py", "onnxruntime": "onnxruntime", "PyAV": "av"}
REPORT = "and if that does not help, report it with all of this text"


class Fact(NamedTuple):
    """A line of the report; `problem` says what is wrong and what to do, in a clause."""

    label: str
    value: str
    problem: str = ""


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("doctor", DESCRIPTION)
    result.add_argument(
        "--device",
        choices=["cpu", "gpu", "auto"],
        default="auto",
        help="cpu: do not look for a GPU; gpu: complain if there is none (default: auto)",
    )
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 1 if anything does not work."""
    args = parser().parse_args(argv)
    return guarded(lambda _: command(args.device))


def command(device: str) -> int:
    """Print the report; return the exit status."""
    set_threads(0)
    problems = show("software", software())
    problems += show("machine", machine())
    problems += show("files", [cache(), weights()])
    cupy, facts = gpus(device)
    problems += show("devices", facts)

    values: dict[str, Sequence[np.ndarray]] = {}
    problems += show("self-test on the CPU", run_tests(np, values))
    if cupy is not None:
        problems += show("self-test on the GPU", run_tests(cupy, values))
    if problems:
        print(f"\nnot everything works: {'; '.join(problems)}")
        return 1
    print(f"\neverything works, on the CPU{'' if cupy is None else ' and on the GPU'}")
    return 0


def show(title: str, facts: Iterable[Fact]) -> list[str]:
    """Print a section of the report, each line as soon as it is known; return the problems."""
    problems = []
    print(title)
    for fact in facts:
        print(f"  {fact.label:12} {fact.value}", flush=True)
        problems += [fact.problem] if fact.problem else []
    return problems


def software() -> list[Fact]:
    """Return the versions of what computes."""
    return [
        Fact("minifcn", minifcn.__version__),
        Fact("Python", f"{platform.python_version()} ({sys.executable})"),
        Fact("system", platform.platform()),
        *(Fact(label, installed(name)) for label, name in LIBRARIES.items()),
        cupy_packages(),
        *(Fact(label, installed(name)) for label, name in EXTRAS.items()),
    ]


def installed(name: str) -> str:
    """Return the version of a package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def cupy_packages() -> Fact:
    """Return which CuPy is installed; two of them overwrite each other's files."""
    found = {str(d.name): d.version for d in distributions() if str(d.name).startswith("cupy")}
    text = ", ".join(f"{number} ({name})" for name, number in sorted(found.items()))
    problem = ""
    if len(found) > 1:
        problem = (
            f"{' and '.join(sorted(found))} are installed and overwrite each other: uninstall all "
            "of them (pip uninstall), then install minifcn[gpu-cuda12] or minifcn[gpu-cuda13]"
        )
    return Fact("CuPy", text or "not installed", problem)


def machine() -> list[Fact]:
    """Return what of the machine this process may use."""
    return [
        Fact("processor", processor_name()),
        Fact("usable", f"{available_threads()} of {os.cpu_count() or '?'} processors"),
        Fact("L2 cache", core_cache(second_level_cache())),
        Fact("memory", str(memory())),
        Fact("BLAS", blas()),
    ]


def core_cache(size: int | None) -> str:
    """Return a core's second-level cache in words, and what is computed by it."""
    known = "unknown" if size is None else f"{size >> 10} KB"
    return f"{known}: convolutions transform {TILES_AT_A_TIME:,} tiles at a time"


def cache() -> Fact:
    """Return where downloads go, and whether they can."""
    folder = cache_folder().absolute()
    # What is not there yet is made when it is needed.
    there = next(path for path in (folder, *folder.parents) if os.path.exists(path))
    free = gigabytes(shutil.disk_usage(there).free)
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Fact("cache", f"{folder} (writable, {free} free)")
    return Fact(
        "cache",
        f"{folder} (NOT WRITABLE)",
        f"downloads cannot be kept in {folder}: set MINIFCN_CACHE to a folder that can be written",
    )


def weights() -> Fact:
    """Return whether the weights that ship can be read."""
    try:
        file = shipped_weights(WEIGHTS)
        count = sum(array.size for array in load_weights(file).params.values())
    except (FileNotFoundError, WeightsError) as error:
        return Fact("weights", f"NOT READABLE: {error}", f"{error} (install minifcn again)")
    return Fact("weights", f"{file} ({count:,} parameters)")


def gpus(device: str) -> tuple[ModuleType | None, list[Fact]]:
    """Return CuPy if it can be used, and what it finds or why it cannot."""
    if device == "cpu":
        return None, [Fact("taken", describe_device(np))]
    try:
        cupy = device_module("gpu")
    except DeviceError as error:
        none = Fact("GPU", f"none: {error}", str(error) if device == "gpu" else "")
        return None, [Fact("taken", describe_device(np)), none]
    runtime = cupy.cuda.runtime
    facts = [Fact("taken", describe_device(cupy))]
    for number in range(runtime.getDeviceCount()):
        properties = runtime.getDeviceProperties(number)
        facts.append(
            Fact(
                f"GPU {number}",
                f"{device_name(cupy, number)}, {gigabytes(properties['totalGlobalMem'])}, "
                f"compute capability {properties['major']}.{properties['minor']}",
            )
        )
    free, total = runtime.memGetInfo()
    driver, built_for = runtime.driverGetVersion(), runtime.runtimeGetVersion()
    return cupy, [
        *facts,
        Fact("its memory", f"{gigabytes(free)} of {gigabytes(total)} free"),
        Fact("CUDA", f"{version_text(driver)} by the driver, {version_text(built_for)} by CuPy"),
    ]


def run_tests(xp: ModuleType, values: dict[str, Sequence[np.ndarray]]) -> Iterable[Fact]:
    """Test a device; the CPU's values are kept in `values`, and the GPU held to them."""
    expected: Mapping[str, Sequence[np.ndarray]] = {} if xp is np else values
    where = "CPU" if xp is np else "GPU"
    cure = "install minifcn and NumPy again"
    if xp is not np:
        cure = "update the driver and CuPy, use --device cpu meanwhile"
    for name, result, seconds in self_test(xp, expected):
        verdict = "right" if result.right else "WRONG"
        problem = f"the {where}'s {name} test fails ({result.finding}): {cure}, {REPORT}"
        fact = Fact(name, f"{verdict}  {seconds:6.2f} s  {result.finding}")
        yield fact if result.right else fact._replace(problem=problem)
        if xp is np and result.right:
            values[name] = result.values


if __name__ == "__main__":
    sys.exit(main())
