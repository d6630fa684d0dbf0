"""What is checked: an operation on given arrays, and all the ways there are to compute it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from minifcn.layers import Layer

Arrays = dict[str, np.ndarray]
Backward = Callable[[Any], Arrays]  # from dy to a gradient for each array, by its name
Run = Callable[[Arrays], tuple[Arrays, Backward | None]]

LOOPS = "loops"  # the name of the plain loops, in `functional/naive/`


class Way(NamedTuple):
    """One way to compute an operation."""

    name: str
    run: Run  # from the arrays to the outputs, by name, and a backward pass for the first of them
    # From the arrays to further outputs, which have no backward pass.
    also: Callable[[Arrays], Arrays] | None = None
    ruled_out: str = ""  # why it cannot compute this shape; "" if it can


class Case(NamedTuple):
    """An operation on given arrays."""

    arrays: Arrays  # what it is differentiated by; every number is one of float32 as well
    ways: list[Way]  # the plain loops first, if there are any
    turns: int = 0  # how often the loops turn in a forward pass
    # Which ways are taken for this shape, forwards and backwards; () if there is one only.
    chosen: tuple[str, ...] = ()
    axes: Mapping[str, Sequence[str]] = {}  # what the axes of an array, or of its gradient, count
    sizes: Mapping[str, float] = {}  # what a wrong factor may come from


def draw(seed: int, *shape: int) -> np.ndarray:
    """Return normally distributed float64 numbers, each of which float32 has as well."""
    return np.random.default_rng(seed).standard_normal(shape, np.float32).astype(np.float64)


def drawn(**shapes: tuple[int, ...]) -> Arrays:
    """Return an array of each shape, by name, all of different numbers."""
    return {name: draw(seed, *shape) for seed, (name, shape) in enumerate(shapes.items())}


def through(
    layer: Layer, *inputs: str, fixed: Sequence[np.ndarray] = (), seed: int | None = None
) -> Run:
    """Return the run of a layer, whose parameters are found among the arrays by their names.

    Its inputs are the arrays of these names, and behind them what is `fixed` and has no gradient.
    The generator that it draws from, if it does, has the `seed`: the same numbers every time.
    """

    def run(arrays: Arrays) -> tuple[Arrays, Backward]:
        layer.params.update({name: arrays[name] for name in layer.params})
        options = {} if seed is None else {"rng": np.random.default_rng(seed)}
        y, cache = layer.forward(*(arrays[name] for name in inputs), *fixed, **options)

        def backward(dy: Any) -> Arrays:
            dxs, gradients = layer.backward(dy, cache)
            dxs = dxs if isinstance(dxs, tuple) else (dxs,)
            return {**dict(zip(inputs, dxs, strict=False)), **gradients}

        return {"y": y}, backward

    return run


def plain(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    takes: Sequence[str] = ("x",),
    **options: Any,
) -> Way:
    """Return the way of the plain loops, functions of `functional/naive/`.

    `backward` is given dy, then the arrays that it `takes`; the options are given to both.
    """

    def run(arrays: Arrays) -> tuple[Arrays, Backward]:
        y = np.asarray(forward(*arrays.values(), **options))

        def back(dy: Any) -> Arrays:
            found = backward(dy, *(arrays[name] for name in takes), **options)
            found = found if isinstance(found, tuple) else (found,)
            return dict(zip(arrays, found, strict=True))

        return {"y": y}, back

    return Way(LOOPS, run)
