"""What the machine says of itself, read from files as they are on Linux."""

import pytest

from minifcn.system import machine
from minifcn.system.machine import Memory, memory

GB = 10**9
MEMINFO = f"MemTotal: {16 * GB >> 10} kB\nMemFree: 1 kB\nMemAvailable: {12 * GB >> 10} kB\n"


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Return a function that writes files in which a machine tells of itself."""

    def write(files: dict[str, str]) -> None:
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    monkeypatch.setattr(machine, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(machine, "OWN_CGROUPS", tmp_path / "own")
    monkeypatch.setattr(machine, "CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(machine, "CACHES", tmp_path / "caches")
    return write


@pytest.mark.parametrize(
    ("files", "available", "total"),
    [
        ({}, 12, 16),
        (  # a container has what its group leaves it
            {
                "own": "0::/\n",
                "groups/memory.max": f"{4 * GB}\n",
                "groups/memory.current": f"{3 * GB}\n",
                "groups/memory.stat": f"anon 5\ninactive_file {GB // 2}\n",
            },
            *(1.5, 4),
        ),
        (  # the least of all groups around counts
            {
                "own": "0::/jobs/7\n",
                "groups/jobs/memory.max": f"{2 * GB}",
                "groups/jobs/memory.current": f"{GB}",
                "groups/jobs/7/memory.max": "max\n",
                "groups/jobs/7/memory.current": "1",
            },
            *(1, 2),
        ),
        (  # groups of the first version count as well
            {
                "own": "12:cpu,cpuacct:/x\n9:memory:/docker/abc\n",
                "groups/memory/memory.limit_in_bytes": f"{8 * GB}",
                "groups/memory/memory.usage_in_bytes": f"{7 * GB}",
                "groups/memory/memory.stat": f"total_inactive_file {GB}",
                "groups/memory.max": "1",  # not the memory's group
            },
            *(2, 8),
        ),
        (  # one without a limit takes nothing away
            {
                "own": "0::/\n",
                "groups/memory.max": "max\n",
                "groups/memory.current": f"{3 * GB}\n",
            },
            *(12, 16),
        ),
    ],
)
def test_memory_is_the_least_that_the_machine_and_its_groups_leave(system, files, available, total):
    system({"meminfo": MEMINFO, **files})
    assert str(memory()) == f"{available:.1f} GB of {total:.1f} GB available"


def test_elsewhere_only_the_whole_is_known(system, monkeypatch):
    sizes = {"SC_PHYS_PAGES": 4 * GB // 4096, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(machine.os, "sysconf", sizes.__getitem__, raising=False)
    assert str(memory()) == "4.0 GB in all"


def test_memory_may_be_unknown(system, monkeypatch):
    monkeypatch.delattr(machine.os, "sysconf", raising=False)
    assert memory() == Memory(None, None)
    assert str(memory()) == "unknown"


def test_the_processor_is_named_or_has_a_kind(system, monkeypatch):
    monkeypatch.setattr(machine.platform, "processor", lambda: "")
    monkeypatch.setattr(machine.platform, "machine", lambda: "aarch64")
    assert machine.processor_name() == "aarch64"
    system({"cpuinfo": "processor : 0\nmodel name\t: Fast CPU @ 3 GHz\nmodel name\t: Other\n"})
    assert machine.processor_name() == "Fast CPU @ 3 GHz"


def test_blas_libraries_are_named_once(monkeypatch):
    openblas = {"user_api": "blas", "internal_api": "openblas", "version": "0.3.30"}
    pools = [
        {**openblas, "num_threads": 2, "architecture": "Haswell"},
        {**openblas, "num_threads": 2, "architecture": "Haswell"},
        {"user_api": "blas", "internal_api": "mkl", "version": None, "num_threads": 4},
        {"user_api": "openmp", "internal_api": "openmp", "version": None, "num_threads": 8},
    ]
    monkeypatch.setattr(machine, "threadpool_info", lambda: pools)
    assert machine.blas() == "openblas 0.3.30 (Haswell), threads: 2; mkl, threads: 4"
    monkeypatch.setattr(machine, "threadpool_info", list)
    assert machine.blas() == "unknown"


@pytest.mark.parametrize(
    ("files", "size"),
    [
        ({}, None),
        ({"index0/level": "1\n", "index0/size": "48K\n"}, None),
        ({"index2/level": "2\n"}, None),
        ({"index2/level": "2\n", "index2/size": "2048K\n"}, 2 << 20),
    ],
)
def test_the_cache_of_a_core(files, size, system):
    system({f"caches/{name}": text for name, text in files.items()})
    assert machine.second_level_cache() == size
