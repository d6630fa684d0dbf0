"""The tests of this folder need a GPU that CuPy can use, and are skipped where there is none."""

from types import ModuleType

import pytest

from minifcn.functional.cuda import launch
from minifcn.system.devices import DeviceError, device_module


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder."""
    for item in items:
        if item.path.parent.name == "gpu":
            item.add_marker(pytest.mark.gpu)


@pytest.fixture(scope="session")
def cupy() -> ModuleType:
    """CuPy, with a device that works."""
    try:
        return device_module("gpu")
    except DeviceError as error:
        pytest.skip(str(error))


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the kernels that a test has launched, in order."""
    names: list[str] = []
    compiled = launch.compiled

    def recorded(xp, name, text):
        names.append(name)
        return compiled(xp, name, text)

    monkeypatch.setattr(launch, "compiled", recorded)
    return names
