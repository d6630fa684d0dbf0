"""A CuPy that finds what a test says it finds, and computes with NumPy.

To be put where CuPy would be: `monkeypatch.setitem(sys.modules, "cupy", fake_cupy(driver=12040))`.
"""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np


class CUDARuntimeError(RuntimeError):
    """As CuPy's, which has the number of CUDA's error in `status`."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


INSUFFICIENT_DRIVER = CUDARuntimeError(
    35, "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version"
)
NO_DEVICE = CUDARuntimeError(100, "cudaErrorNoDevice: no CUDA-capable device is detected")
BUSY = CUDARuntimeError(46, "cudaErrorDevicesUnavailable: CUDA-capable device(s) is/are busy")


def fake_cupy(
    *,
    driver: int = 13000,
    runtime: int = 12090,
    count: int | CUDARuntimeError = 1,
    capability: str = "90",
    error: Exception | None = None,
    ones: Any = np.ones,
) -> ModuleType:
    """Return a module to be put where CuPy would be.

    Parameters
    ----------
    driver, runtime : int
        The versions of CUDA that the driver serves (0: there is none) and that CuPy was made for.
    count : int or CUDARuntimeError
        How many GPUs there are, or what asking for them raises.
    capability : str
        The compute capability, as CuPy writes it.
    error : Exception, optional
        What the first computation raises.
    ones : callable
        Computes in place of `numpy.ones`.
    """

    def get_device_count() -> int:
        if isinstance(count, CUDARuntimeError):
            raise count
        return count

    def compute(*arguments: Any) -> np.ndarray:
        if error is not None:
            raise error
        return ones(*arguments)

    cupy = ModuleType("cupy", "A CuPy that finds what a test says it finds.")
    cupy.__dict__.update({name: getattr(np, name) for name in np.__all__})
    cupy.__version__ = "14.0.1"
    cupy.ndarray = type("ndarray", (), {})  # so that NumPy's arrays stay NumPy's
    cupy.ones = compute
    cupy.asarray = np.array  # a copy, as an upload is
    cupy.cuda = SimpleNamespace(
        Device=lambda: SimpleNamespace(id=0, compute_capability=capability),
        runtime=SimpleNamespace(
            CUDARuntimeError=CUDARuntimeError,
            driverGetVersion=lambda: driver,
            runtimeGetVersion=lambda: runtime,
            getDeviceCount=get_device_count,
            getDeviceProperties=lambda number: {
                "name": b"NVIDIA H100 80GB HBM3",
                "totalGlobalMem": 80 << 30,
                "major": 9,
                "minor": 0,
            },
            memGetInfo=lambda: (72 << 30, 80 << 30),
        ),
    )
    return cupy
