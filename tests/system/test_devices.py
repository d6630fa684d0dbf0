"""Which device is taken, and what is said when a GPU is asked for and cannot be used."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from helpers.stand_in import CUDARuntimeError, cupy, found

from minifcn.system.devices import DeviceError, describe_device, device_module

CUDA_13 = {"runtime": 13010}
INSUFFICIENT_DRIVER = CUDARuntimeError(
    35, "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version"
)
NO_DEVICE = CUDARuntimeError(100, "cudaErrorNoDevice: no CUDA-capable device is detected")
BUSY = CUDARuntimeError(46, "cudaErrorDevicesUnavailable: CUDA-capable device(s) is/are busy")


def use(monkeypatch: pytest.MonkeyPatch, cupy: ModuleType | None) -> None:
    """Put a module, or nothing that could be imported, where CuPy would be."""
    monkeypatch.setitem(sys.modules, "cupy", cupy)


def test_the_processor_can_always_be_used_and_others_are_refused():
    assert device_module("cpu") is np
    with pytest.raises(ValueError, match="must be 'cpu', 'gpu' or 'auto', not 'tpu'"):
        device_module("tpu")


@pytest.mark.parametrize("device", ["gpu", "auto"])
@pytest.mark.parametrize(
    "machine",
    [
        {},
        {"driver": 12000},  # of the same major version as CuPy's CUDA, which is newer: it runs
        {"driver": 13000, "runtime": 13010, "capability": "75"},
        {"capability": "70"},
        {"capability": "120"},
    ],
    ids=str,
)
def test_a_gpu_that_can_be_used_is_taken(monkeypatch, device, machine):
    cupy = found(**machine)
    use(monkeypatch, cupy)
    assert device_module(device) is cupy


def test_processes_of_one_machine_take_its_gpus_in_turn(monkeypatch):
    cupy, taken = found(count=2), []
    device = cupy.cuda.Device()
    cupy.cuda.Device = lambda number=0: SimpleNamespace(
        **vars(device), use=lambda: taken.append(number)
    )
    use(monkeypatch, cupy)
    for place in (None, 0, 1, 2):
        device_module("gpu", place)
    assert taken == [0, 1, 0]  # whoever is alone stays where he is


# What CuPy finds, and words of the sentence.
UNUSABLE = {
    "no CuPy": (None, "CuPy, which is not installed: pip install 'minifcn\\[gpu-cuda12\\]'"),
    "no driver": (
        found(driver=0, count=INSUFFICIENT_DRIVER),
        "CuPy 14.0.0 finds no NVIDIA driver: install one .*--gpus all",
    ),
    "driver too old for CUDA 13": (
        found(driver=12040, count=INSUFFICIENT_DRIVER, **CUDA_13),
        "too old: it serves CUDA 12.4, and CuPy 14.0.0 is made for CUDA 13.1; "
        "update the driver to 580 or newer, or replace this CuPy .*gpu-cuda12",
    ),
    "driver too old for CUDA 12": (
        found(driver=11080, count=INSUFFICIENT_DRIVER),
        "it serves CUDA 11.8, and .* CUDA 12.9; update the driver to 525 or newer, or give --dev",
    ),
    "driver that CUDA itself finds too old": (
        found(driver=12000, count=INSUFFICIENT_DRIVER),
        "too old: it serves CUDA 12.0, and .* CUDA 12.9; update the driver to 525 or newer, or gi",
    ),
    "no GPU": (found(count=NO_DEVICE), "driver, for CUDA 13.0, shows no GPU: see .*nvidia-smi"),
    "none counted": (found(count=0), "driver, for CUDA 13.0, shows no GPU: see .*nvidia-smi"),
    "GPU too old for the kernels": (
        found(capability="61"),
        "stand-in has compute capability 6.1, and 7.0 is .* CUDA 12.9: take a newer GPU",
    ),
    "GPU too old for CUDA 13": (
        found(capability="70", **CUDA_13),
        "capability 7.0, and 7.5 is the least that .* CUDA 13.1: replace this CuPy .*gpu-cuda12",
    ),
    "GPU too old for either": (
        found(capability="60", **CUDA_13),
        "capability 6.0, and 7.5 is the least that can be used with CUDA 13.1: take a newer GPU",
    ),
    "no compiler": (
        found(ones=RuntimeError('Failure finding "libnvrtc.so.12": No such file\nmore')),
        r"misses a part of CUDA \(RuntimeError: Failure finding .*12\": No such file\): "
        r"pip install 'cupy-cuda12x\[ctk\]'",
    ),
    "no cuBLAS": (
        found(ones=ImportError("libcublas.so.13: no such file"), **CUDA_13),
        r"misses a part of CUDA \(ImportError: libcublas.* 'cupy-cuda13x\[ctk\]'",
    ),
    "no headers": (
        found(ones=RuntimeError("x.cu(1): error: cannot open source file cuda_fp16.h")),
        r"misses a part of CUDA .*cuda_fp16.h",
    ),
    "GPU that miscalculates": (
        found(ones=cupy.zeros),
        "the GPU computes 12 as 0.0",
    ),
    "GPU that others use": (
        found(ones=BUSY),
        r"cannot be used through CuPy \(CUDARuntimeError: cudaErrorDevicesUnavailable.*nvidia-smi",
    ),
    "busy from the start": (found(count=BUSY), "cudaErrorDevicesUnavailable"),
    "CuPy that is something else": (ModuleType("cupy"), r"through CuPy \(AttributeError: "),
    "an error without words": (found(ones=ValueError()), "ValueError: without a word"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_gpu_that_cannot_be_used_is_explained_in_a_sentence_and_not_taken(monkeypatch, case):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    cupy, words = UNUSABLE[case]
    use(monkeypatch, cupy)
    with pytest.raises(DeviceError, match=words) as told:
        device_module("gpu")
    assert str(told.value).endswith("give --device cpu")
    assert "\n" not in str(told.value)
    assert device_module("auto") is np


def test_gpus_that_the_environment_hides_are_thought_of(monkeypatch):
    use(monkeypatch, found(count=NO_DEVICE))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    with pytest.raises(DeviceError, match=r"shows no GPU \(CUDA_VISIBLE_DEVICES is '-1'\)"):
        device_module("gpu")


def test_a_cupy_that_is_broken_is_not_taken_for_none(monkeypatch, tmp_path):
    (tmp_path / "cupy.py").write_text(
        "try:\n    import minifcn.nowhere\n"
        "except ImportError as error:\n    raise ImportError('=====') from error\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    with pytest.raises(DeviceError, match="cannot be imported .*No module named 'minifcn.nowhere'"):
        device_module("gpu")
    assert device_module("auto") is np


def test_a_device_is_described(monkeypatch, threads):
    threads(3)
    assert describe_device(np) == "the CPU (3 threads)"
    threads(1)
    assert describe_device(np) == "the CPU (1 thread)"
    assert describe_device(cupy) == "stand-in through CuPy 14.0.0"
