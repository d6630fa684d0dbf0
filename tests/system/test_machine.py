"""What the machine says of itself, read from files as they are on Linux."""

import pytest

from minifcn.system import machine
from minifcn.system.machine import Memory, memory

GB = 10**9
MEMINFO = f"MemTotal: {16 * GB >> 10} kB\nMemFree: 1 kB\nMemAvailable: {12 * GB >> 10} kB\n"


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Return a function that writes the files of a machine of 16 GB, 12 of them available."""

    def write(**files: str) -> None:
        for name, text in {"meminfo": MEMINFO, **files}.items():
            file = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    monkeypatch.setattr(machine, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(machine, "OWN_CGROUPS", tmp_path / "own")
    monkeypatch.setattr(machine, "CGROUPS", tmp_path / "groups")
    return write


def in_gigabytes() -> tuple[float, ...]:
    return tuple(round(count / GB, 2) for count in memory() if count is not None)


def test_memory_is_that_of_the_machine(system):
    system()
    assert in_gigabytes() == (12, 16)
    assert str(memory()) == "12.0 GB of 16.0 GB available"


def test_a_container_has_what_its_group_leaves_it(system):
    system(
        own="0::/\n",
        groups__memory_dot_max=f"{4 * GB}\n",
        groups__memory_dot_current=f"{3 * GB}\n",
        groups__memory_dot_stat=f"anon 5\ninactive_file {GB // 2}\n",
    )
    assert in_gigabytes() == (1.5, 4)


def test_the_least_of_all_groups_around_counts(system):
    system(
        own="0::/jobs/7\n",
        groups__jobs__memory_dot_max=f"{2 * GB}",
        groups__jobs__memory_dot_current=f"{GB}",
        groups__jobs__7__memory_dot_max="max\n",
        groups__jobs__7__memory_dot_current="1",
    )
    assert in_gigabytes() == (1, 2)


def test_groups_of_the_first_version_count_as_well(system):
    system(
        own="12:cpu,cpuacct:/x\n9:memory:/docker/abc\n",
        groups__memory__memory_dot_limit_in_bytes=f"{8 * GB}",
        groups__memory__memory_dot_usage_in_bytes=f"{7 * GB}",
        groups__memory__memory_dot_stat=f"total_inactive_file {GB}",
        groups__memory_dot_max="1",  # not the memory's group
    )
    assert in_gigabytes() == (2, 8)


def test_a_group_without_a_limit_takes_nothing_away(system):
    system(own="0::/\n", groups__memory_dot_max="max\n", groups__memory_dot_current=f"{3 * GB}\n")
    assert in_gigabytes() == (12, 16)


def test_elsewhere_only_the_whole_is_known(system, monkeypatch):
    sizes = {"SC_PHYS_PAGES": 4 * GB // 4096, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(machine.os, "sysconf", sizes.__getitem__, raising=False)
    assert str(memory()) == "4.0 GB in all"


def test_memory_may_be_unknown(system, monkeypatch):
    monkeypatch.delattr(machine.os, "sysconf", raising=False)
    assert memory() == Memory(None, None)
    assert str(memory()) == "unknown"


def test_the_processor_is_named(system):
    system(cpuinfo="processor : 0\nmodel name\t: Fast CPU @ 3 GHz\nmodel name\t: Other\n")
    assert machine.processor_name() == "Fast CPU @ 3 GHz"


def test_a_processor_without_a_name_has_a_kind(system, monkeypatch):
    monkeypatch.setattr(machine.platform, "processor", lambda: "")
    monkeypatch.setattr(machine.platform, "machine", lambda: "aarch64")
    assert machine.processor_name() == "aarch64"


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
