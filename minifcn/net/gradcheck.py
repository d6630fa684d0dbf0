"""Gradient checks: every hand-written derivative against central differences.

The numerical derivative of f along one entry of x is (f(x + e) - f(x - e)) / 2e, with an error of
order e**2. In float64 with e = 1e-5 it agrees with a right derivative to about nine digits.

ReLU and max pooling have kinks, where the derivative does not exist and a difference across the
kink means nothing. A kink between x - e and x + e shows in that the differences to the left and
to the right disagree; then e is made smaller, and an entry that keeps its kink (an input that is
exactly zero, a tie) is counted and left out. The report says how many were left out, and a check
that had to leave out too many has failed.

    >>> from minifcn.net.gradcheck import check_layer
    >>> from minifcn.layers import Conv2d
    >>> print(check_layer(Conv2d(3, 4, 3, pad=1), (2, 3, 5, 6)))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from minifcn.backend import Array, array_module, to_device
from minifcn.layers.layer import Layer
from minifcn.net.net import Net

STEP = 1e-5
MAX_KINKS = 0.2  # the share of entries that may be left out


class Check(NamedTuple):
    """The comparison for one array."""

    name: str
    error: float  # largest |analytic - numerical| / largest magnitude of either
    checked: int  # entries compared
    kinks: int  # entries left out because the function has a kink there


class Report(NamedTuple):
    """The comparison for all arrays of a layer or a net."""

    checks: list[Check]
    tolerance: float

    @property
    def error(self) -> float:
        """The largest relative error of all arrays."""
        return max(check.error for check in self.checks)

    @property
    def ok(self) -> bool:
        """Whether all errors are within the tolerance and few entries were left out."""
        return all(
            check.error <= self.tolerance
            and check.checked > 0
            and check.kinks <= MAX_KINKS * (check.checked + check.kinks)
            for check in self.checks
        )

    def __str__(self) -> str:
        """Return a table, an array a line."""
        width = max(len(check.name) for check in self.checks)
        lines = [
            f"{c.name:{width}}  error {c.error:9.2e}  entries {c.checked:4d}  kinks {c.kinks}"
            for c in self.checks
        ]
        verdict = "right" if self.ok else f"WRONG (tolerance {self.tolerance:.0e})"
        return "\n".join([*lines, f"gradients are {verdict}"])


def check_function(
    function: Callable[[], float],
    arrays: Mapping[str, Array],
    gradients: Mapping[str, Array],
    *,
    entries: int = 50,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> Report:
    """Compare gradients with central differences of a function.

    Parameters
    ----------
    function : callable
        Returns the objective for the current values of `arrays`, which are changed in place (and
        restored) to probe it.
    arrays : dict from name to float64 array
    gradients : dict from name to array
        The gradients to be checked, one for each array.
    entries : int
        How many entries of each array are probed, drawn at random; all if it has no more.
    tolerance : float
        Largest relative error that passes.
    seed : int
        For the choice of entries.

    Raises
    ------
    TypeError
        If an array is not float64: in float32 the differences drown in rounding.
    ValueError
        If a gradient is missing, or its shape is not its array's.
    """
    rng = np.random.default_rng(seed)
    checks = []
    for name, array in arrays.items():
        if array.dtype != np.float64:
            raise TypeError(f"gradient check: {name} must be float64, not {array.dtype}")
        if name not in gradients or gradients[name].shape != array.shape:
            got = gradients[name].shape if name in gradients else "none"
            raise ValueError(f"gradient check: {name} has shape {array.shape}, its gradient {got}")
        count = min(entries, array.size)
        chosen = rng.choice(array.size, size=count, replace=False)
        analytic = [float(gradients[name].flat[index]) for index in chosen.tolist()]
        numerical = [difference(function, array, index) for index in chosen.tolist()]
        smooth = [(a, n) for a, n in zip(analytic, numerical, strict=True) if n is not None]
        largest = max((max(abs(a), abs(n)) for a, n in smooth), default=0.0)
        worst = max((abs(a - n) for a, n in smooth), default=0.0)
        error = worst / max(largest, 1e-8)
        checks.append(Check(name, error, len(smooth), count - len(smooth)))
    return Report(checks, tolerance)


def difference(function: Callable[[], float], array: Array, index: int) -> float | None:
    """Return the numerical derivative along one entry, or None if there is a kink."""
    value = float(array.flat[index])

    def at(shift: float) -> float:
        array.flat[index] = value + shift
        result = float(function())
        array.flat[index] = value
        return result

    here = at(0.0)
    for step in (STEP, STEP / 10, STEP / 100):
        right, left = (at(step) - here) / step, (here - at(-step)) / step
        # For a smooth function they differ by about step * f'', for a kink by its whole jump;
        # the last term is what rounding of the function's value may contribute.
        noise = 1e-5 * max(abs(right), abs(left)) + 1e-14 * (1 + abs(here)) / step
        if abs(right - left) <= noise:
            return (right + left) / 2
    return None


def check_layer(
    layer: Layer,
    *shapes: tuple[int, ...],
    inputs: Sequence[Array] | None = None,
    seed: int = 0,
    entries: int = 50,
    tolerance: float = 1e-6,
    xp: ModuleType = np,
) -> Report:
    """Check a layer's gradients of its inputs and parameters with random values.

    The objective is sum(y * dy) with a random dy, so a backward pass that ignores or reorders
    what comes from above is found out. Integer inputs (labels) are not differentiated.

    Parameters
    ----------
    layer : Layer
        Its parameters are replaced by random ones in float64.
    *shapes : shapes of the inputs, drawn from a normal distribution
    inputs : sequence of arrays, optional
        In place of `shapes`, the inputs themselves.
    seed : int
        For inputs, parameters, dy, and the layer's own randomness (dropout).
    entries, tolerance
        See `check_function`.
    xp : module
        The device on which the layer is checked, `numpy` or `cupy`; `inputs` are there.
    """
    rng = np.random.default_rng(seed)

    def normal(shape: tuple[int, ...]) -> Array:
        return to_device(rng.standard_normal(shape), xp)

    for name, array in layer.params.items():
        layer.params[name] = normal(array.shape)
    bottoms = [normal(shape) for shape in shapes] if inputs is None else list(inputs)

    def run() -> tuple[Array, Any]:
        options = {"rng": xp.random.default_rng(seed)} if layer.draws else {}
        return layer.forward(*bottoms, **options)

    y, cache = run()
    dy = normal(y.shape)
    dxs, dparams = layer.backward(dy, cache)
    dxs = dxs if isinstance(dxs, tuple) else (dxs,)
    arrays = {f"input {i}": x for i, x in enumerate(bottoms) if dxs[i] is not None}
    gradients = {f"input {i}": dx for i, dx in enumerate(dxs) if dx is not None}
    return check_function(
        lambda: (run()[0] * dy).sum(),
        arrays | layer.params,
        gradients | dparams,
        entries=entries,
        tolerance=tolerance,
        seed=seed,
    )


def check_net(
    net: Net,
    inputs: Mapping[str, Array],
    *,
    seed: int = 0,
    entries: int = 5,
    tolerance: float = 1e-5,
) -> Report:
    """Check the gradients of a net's losses with respect to all its trained parameters and images.

    Parameters
    ----------
    net : Net
        Its parameters must be float64 and not zero: `net.astype("float64")`, and draw some.
    inputs : dict from name to array
        float64 images and integer labels, on the device of the parameters.
    seed : int
        For dropout and the choice of entries.
    entries, tolerance
        See `check_function`.
    """
    xp = array_module(*inputs.values())
    images = {name: x for name, x in inputs.items() if np.issubdtype(x.dtype, np.floating)}

    def loss() -> float:
        outputs, _ = net.forward(inputs, train=True, rng=xp.random.default_rng(seed))
        return sum(float(y) for y in outputs.values() if y.ndim == 0)

    _, tape = net.forward(inputs, train=True, rng=xp.random.default_rng(seed), wrt=tuple(images))
    assert tape is not None  # because of train=True
    gradients = dict(net.backward(tape))
    trained = {name: p for name, p in net.params.items() if net.multipliers[name][0]}
    return check_function(
        loss, trained | images, gradients, entries=entries, tolerance=tolerance, seed=seed
    )
