"""The tests of the host, run on the stand-in for CuPy: `pytest --stand-in`.

The tests make their arrays with `np`, hand them to the package, and look at what comes back. So
their `np` is replaced, and nothing else: in the test modules it is a NumPy whose arrays are the
stand-in's. The package keeps the true one, and fails where it uses it on an array of the device.

Tests of what only a host has (threads, strips, memory used again) are marked `host`, and left out.
"""

import sys
from collections.abc import Callable
from inspect import getmembers, isclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest
from helpers.stand_in import cupy
from helpers.stand_in_array import ndarray

from minifcn import layers
from minifcn.functional import bilinear, naive
from minifcn.layers import Layer
from minifcn.net import Net, gradcheck

TESTS = Path(__file__).parents[1]

# What runs on the stand-in: all that computes.
SUITE = (
    "functional",
    "layers",
    "models",
    "net",
    "inference/test_metrics.py",
    "training/test_optim.py",
)

BUILDERS = "minifcn.models"  # make nets on the host, from where they are moved
ON_HOST = (naive.__name__, bilinear.__name__)  # compute there, always
OURS = {"stand_in", "stand_in_array", "stand_in_suite", "cuda_on_cpu"}


def to_host(value: Any) -> Any:
    """Return NumPy's array in place of the stand-in's, in sequences as well."""
    if isinstance(value, ndarray):
        return value._host
    if type(value) in (tuple, list):
        return type(value)(to_host(part) for part in value)
    return value


def to_device(value: Any) -> Any:
    """Return the stand-in's array in place of NumPy's, in sequences and dicts as well."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        return ndarray(value)
    if type(value) in (tuple, list):
        return type(value)(to_device(part) for part in value)
    if type(value) is dict:
        return {key: to_device(part) for key, part in value.items()}
    return value


class Numpy(ModuleType):
    """A part of NumPy as the tests see it: its functions take both kinds of arrays and return ours.

    What is no function (types, constants) is NumPy's own.
    """

    def __init__(self, true: Any) -> None:
        super().__init__(f"{true.__name__} of the tests")
        self.true = true

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.true, name)
        if isinstance(value, ModuleType):
            return Numpy(value)
        if value is np.ndarray:
            return ndarray
        if isinstance(value, type) or not callable(value):
            return value
        return of_tests(value)


def of_tests(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that takes arrays of both kinds and returns the stand-in's."""

    def call(*arguments: Any, **options: Any) -> Any:
        options = {name: to_host(value) for name, value in options.items()}
        result = function(*map(to_host, arguments), **options)
        return Draws(result) if isinstance(result, np.random.Generator) else to_device(result)

    return call


class Draws:
    """A random generator of NumPy's that draws the stand-in's arrays."""

    def __init__(self, true: np.random.Generator) -> None:
        self.true = true

    def __getattr__(self, name: str) -> Any:
        return of_tests(getattr(self.true, name))


def change_what_it_sees(module: Any) -> None:
    """Give a module of tests the other `np`, and move the arrays that it has made already."""
    for name, value in list(vars(module).items()):
        source = getattr(value, "__module__", None) or ""
        if value is np:
            setattr(module, name, Numpy(np))
        elif value is gradcheck.check_net and Path(module.__file__).parent.name == "models":
            setattr(module, name, check_net)
        elif isinstance(value, FunctionType) and source.startswith(BUILDERS):
            setattr(module, name, on_host(value))
        elif isinstance(value, FunctionType) and source.startswith(ON_HOST):
            setattr(module, name, of_tests(value))
        elif not name.startswith("__"):
            setattr(module, name, to_device(value))


def move_what_tests_make(cls: type, move: Callable[[Any], None]) -> None:
    """Let the instances of a class that a test makes be on the device from the beginning."""
    make = cls.__init__  # type: ignore[misc]

    def init(self: Any, *arguments: Any, **options: Any) -> None:
        make(self, *arguments, **options)
        if TESTS in Path(sys._getframe(1).f_code.co_filename).parents:
            move(self)

    cls.__init__ = init  # type: ignore[misc]


def move_layer(layer: Layer) -> None:
    """Move the parameters of a layer to the device."""
    layer.params = to_device(layer.params)


def on_host(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that builds or fills nets, on the host, and moves them to the device."""

    def call(*arguments: Any, **options: Any) -> Any:
        nets = [value for value in arguments if isinstance(value, Net)]
        for net in nets:
            net.to(np)
        result = function(*arguments, **options)
        made = getattr(result, "net", result)
        for net in [*nets, made]:
            if isinstance(net, Net):
                net.to(cupy)
        return result

    return call


def check_net(net: Net, inputs: dict[str, ndarray], **_: Any) -> gradcheck.Report:
    """Hold all gradients of a whole model to the host's: those are held to differences there."""
    images = tuple(name for name, x in inputs.items() if x.dtype.kind == "f")

    def gradients(inputs: dict[str, Any], xp: Any) -> dict[str, Any]:
        net.to(xp)
        rng = xp.random.default_rng(0)
        return dict(net.backward(net.forward(inputs, train=True, rng=rng, wrt=images)[1]))

    host = gradients({name: to_host(x) for name, x in inputs.items()}, np)
    checks = []
    for name, gradient in gradients(inputs, cupy).items():
        size, error = abs(host[name]).max(), abs(gradient._host - host[name]).max()
        checks.append(gradcheck.Check(name, error / max(size, 1e-8), gradient.size, 0))
    return gradcheck.Report(checks, tolerance=1e-9)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out the files that are not of the suite: importing them takes seconds."""
    ours = {TESTS / path for path in SUITE}
    if collection_path.is_dir() or not ours.isdisjoint([collection_path, *collection_path.parents]):
        return None  # others may have something against it
    return True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only a host has, and change what the tests see."""
    kept, others = [], []
    for item in items:
        (others if item.get_closest_marker("host") else kept).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=others)
    plugins = config.pluginmanager.get_plugins()  # each conftest.py is one
    for module in {*sys.modules.values(), *plugins}:
        path = Path(getattr(module, "__file__", None) or "/")
        if TESTS in path.parents and path.stem not in OURS:
            change_what_it_sees(module)
    for _, cls in getmembers(layers, isclass):
        move_what_tests_make(cls, move_layer)
    move_what_tests_make(Net, lambda net: net.to(cupy))
    for name, value in list(vars(naive).items()):
        if isinstance(value, FunctionType) and value.__module__.startswith(naive.__name__):
            setattr(naive, name, of_tests(value))
    gradcheck.check_layer.__kwdefaults__["xp"] = cupy
    sys.modules["cupy"] = cupy


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Move the arrays among the parameters of a test."""
    callspec = getattr(item, "callspec", None)
    if callspec is not None:
        for name, value in callspec.params.items():
            callspec.params[name] = to_device(value)
