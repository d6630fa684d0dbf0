"""Settings and fixtures that all tests share."""

import sys
from collections.abc import Callable, Iterator
from types import ModuleType

import numpy as np
import pytest
from hypothesis import settings

from minifcn.backend import set_threads
from minifcn.functional.fast import strips
from minifcn.functional.fast.paths import force_path
from minifcn.system.devices import DeviceError, device_module

# Deterministic: the same examples every time, and nothing remembered between runs.
settings.register_profile(
    "minifcn", deadline=None, max_examples=100, derandomize=True, database=None
)
settings.register_profile("stand-in", settings.get_profile("minifcn"), max_examples=15)
settings.load_profile("minifcn")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add an option that runs the tests of all that computes on a stand-in for CuPy."""
    parser.addoption(
        "--stand-in", action="store_true", help="compute with a strict stand-in for CuPy"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Change what the tests compute with, if asked to."""
    if config.getoption("--stand-in"):
        from helpers import stand_in_suite

        config.pluginmanager.register(stand_in_suite)
        settings.load_profile("stand-in")


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """`set_threads`, undone afterwards."""
    yield set_threads
    set_threads(0)


@pytest.fixture
def forced() -> Iterator[Callable[[str | None], None]]:
    """`force_path`, undone afterwards."""
    yield force_path
    force_path(None)


@pytest.fixture
def small_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut convolutions into strips of a single output row."""
    monkeypatch.setattr(strips, "STRIP_BYTES", 1)


@pytest.fixture(params=["cpu", pytest.param("gpu", marks=pytest.mark.gpu)])
def xp(request: pytest.FixtureRequest) -> ModuleType:
    """Each array module in turn; CuPy's turn is skipped where no GPU can be used."""
    try:
        return device_module(request.param)
    except DeviceError as error:
        pytest.skip(str(error))


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The stand-in for CuPy, in its place."""
    from helpers.stand_in import cupy

    monkeypatch.setitem(sys.modules, "cupy", cupy)
    return cupy


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed."""
    return np.random.default_rng(0)
