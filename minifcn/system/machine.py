"""What the machine has, as far as it says: processor, caches, memory, and the BLAS in use."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from threadpoolctl import threadpool_info

CPUINFO = Path("/proc/cpuinfo")
MEMINFO = Path("/proc/meminfo")
OWN_CGROUPS = Path("/proc/self/cgroup")
CGROUPS = Path("/sys/fs/cgroup")
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")

# The files of a control group, in its second and its first version: the limit, the use, and which
# entry of memory.stat tells how much of that are pages of files, given up when memory is short.
_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


class Memory(NamedTuple):
    """Bytes that this process may still take, and that it could have in all; None if unknown."""

    available: int | None
    total: int | None

    def __str__(self) -> str:
        """Return both in gigabytes."""
        if self.total is None:
            return "unknown"
        if self.available is None:
            return f"{gigabytes(self.total)} in all"
        return f"{gigabytes(self.available)} of {gigabytes(self.total)} available"


def gigabytes(count: int) -> str:
    """Return a number of bytes in words."""
    return f"{count / 1e9:.1f} GB"


def memory() -> Memory:
    """Return the memory of the machine, or of the control group (container, batch job) if less."""
    fields = _fields(MEMINFO)
    if "MemTotal:" in fields and "MemAvailable:" in fields:
        available, total = fields["MemAvailable:"] << 10, fields["MemTotal:"] << 10
        for free, limit in _groups():
            available, total = min(available, free), min(total, limit)
        return Memory(available, total)
    try:
        return Memory(None, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):  # not known on Windows
        return Memory(None, None)


def _groups() -> Iterator[tuple[int, int]]:
    """Yield (free, limit), bytes, of each control group around this process that has a limit."""
    try:
        lines = OWN_CGROUPS.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        root, files = (CGROUPS / "memory", _FILES[1]) if controllers else (CGROUPS, _FILES[0])
        own = root / path.lstrip("/")
        for folder in (own, *own.parents[: len(own.parts) - len(root.parts)]):
            limit, used = _number(folder / files[0]), _number(folder / files[1])
            if limit is not None and used is not None:
                reclaimable = _fields(folder / "memory.stat").get(files[2], 0)
                yield max(0, limit - used + reclaimable), limit


def _number(file: Path) -> int | None:
    """Return the number in a file; None if there is none ("max")."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _fields(file: Path) -> dict[str, int]:
    """Return the numbers in a file by the words in front of them."""
    try:
        lines = [line.split() for line in file.read_text().splitlines()]
    except OSError:
        return {}
    return {words[0]: int(words[1]) for words in lines if len(words) > 1 and words[1].isdecimal()}


def peak_memory() -> int | None:
    """Return the most bytes that this process has had in memory so far; None if unknown."""
    try:
        import resource  # not on Windows
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10


def processor_name() -> str:
    """Return what the processor calls itself, or at least its kind."""
    try:
        lines = CPUINFO.read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), platform.processor()) or platform.machine() or "unknown"


def second_level_cache() -> int | None:
    """Return the bytes of a core's second-level cache; None if the system does not say (Linux)."""
    for folder in sorted(CACHES.glob("index*")):
        try:
            level, size = ((folder / name).read_text().strip() for name in ("level", "size"))
        except OSError:
            continue
        if level == "2" and size.endswith("K") and size[:-1].isdecimal():
            return int(size[:-1]) << 10
    return None


def blas() -> str:
    """Return the BLAS libraries that are loaded, each with the threads that it uses by itself."""
    found = []
    for pool in threadpool_info():
        if pool["user_api"] == "blas":
            name = " ".join(filter(None, (pool["internal_api"], pool["version"])))
            kind = f" ({pool['architecture']})" if pool.get("architecture") else ""
            found.append(f"{name}{kind}, threads: {pool['num_threads']}")
    return "; ".join(dict.fromkeys(found)) or "unknown"
