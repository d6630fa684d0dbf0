"""What all benchmarks share: options, alternating medians, peak memory, the table and the JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minifcn.backend import available_threads, cut, get_threads, parallel_map, set_threads
from minifcn.system.machine import blas, processor_name

Row = dict[str, Any]

ARCHS = ("fcn32s", "fcn16s", "fcn8s")
# The cases of FCN inference and training when nothing is chosen.
CASES = (("fcn8s", 224), ("fcn8s", 500), ("fcn32s", 500), ("fcn16s", 500), ("fcn8s", 1000))
NUM_CLASSES = 21


def parser(description: str, **defaults: Any) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark has."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument(
        "--threads", type=int, default=available_threads(), help="of both sides (default: all)"
    )
    options.add_argument(
        "--rounds", type=int, default=defaults.get("rounds", 5), help="timed runs a case, at least"
    )
    options.add_argument("--json", type=Path, metavar="FILE", help="write the rows to this file")
    return options


def add_net_options(options: argparse.ArgumentParser) -> None:
    """Add --arch, --size and --width, and what the processes that measure memory are told by."""
    options.add_argument("--arch", nargs="+", choices=ARCHS, help="default: a set of cases")
    options.add_argument("--size", nargs="+", type=int, help="pixels on each side of the image")
    options.add_argument("--width", type=float, default=1.0, help="factor on the channel counts")
    options.add_argument("--no-peer", action="store_true", help="time minifcn alone")
    options.add_argument("--memory-of", choices=("ours", "peer"), help=argparse.SUPPRESS)


def cases(args: argparse.Namespace) -> list[tuple[str, int]]:
    """Return the (arch, size) that the options choose."""
    if args.arch is None and args.size is None:
        return list(CASES)
    return [(arch, size) for arch in args.arch or ["fcn8s"] for size in args.size or [500]]


def have_torch() -> bool:
    """Return whether PyTorch can be imported; say how to get it if not."""
    try:
        import torch  # noqa: F401
    except ImportError:
        print("PyTorch is not installed, so there is no peer: pip install 'minifcn[bench]'")
        return False
    return True


def use_threads(count: int) -> None:
    """Hold both sides to this many threads."""
    set_threads(count)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)


def alternate(runs: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each function; they take turns after one unmeasured run."""
    for run in runs.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in seconds.items()}


def relative_error(ours: np.ndarray, peer: np.ndarray) -> float:
    """Return the largest difference as a share of the peer's largest value."""
    return float(np.abs(ours - peer).max() / max(np.abs(peer).max(), 1e-30))


def peak_memory() -> int:
    """Return the most memory in bytes that this process has held at a time (resident set).

    Linux counts it anew for each program; what getrusage reports includes the parent's.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def memory_of(side: str, options: Sequence[str]) -> int:
    """Run this script in a process of its own, for one side and case; return its peak memory."""
    command = [sys.executable, sys.argv[0], "--memory-of", side, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return int(done.stdout.split()[-1])


def sgemm_peak() -> float:
    """Return the GFLOP/s of a float32 product of 2048 x 2048 matrices on all threads."""
    a, b = np.random.default_rng(0).standard_normal((2, 2048, 2048), dtype=np.float32)

    def product() -> None:
        parts = cut(2048, get_threads())
        parallel_map(np, lambda part: a[part] @ b, parts)

    return 2 * 2048**3 / alternate({"product": product}, 5)["product"] / 1e9


def machine() -> dict[str, Any]:
    """Return what the figures depend on: processor, threads, BLAS and its kernel, versions."""
    facts: dict[str, Any] = {
        "processor": processor_name(),
        "threads": get_threads(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "blas": blas(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    if "torch" in sys.modules:
        facts["torch"] = sys.modules["torch"].__version__
    return facts


def print_row(row: Row, widths: dict[str, int], *, header: bool) -> None:
    """Print a line of the table, at once, so that long runs show where they are."""
    if header:
        print("  ".join(f"{name:>{width}}" for name, width in widths.items()))
    cells = (f"{_cell(row.get(name)):>{width}}" for name, width in widths.items())
    print("  ".join(cells), flush=True)


def finish(rows: list[Row], args: argparse.Namespace, **facts: Any) -> int:
    """Print the machine and write the JSON file."""
    facts = {**machine(), **facts}
    print("; ".join(f"{name}: {_cell(value)}" for name, value in facts.items()))
    if args.json:
        command = " ".join(["python", *sys.argv])
        result = {"command": command, "machine": facts, "rows": rows}
        args.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
