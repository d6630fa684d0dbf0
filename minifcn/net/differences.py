"""Gradients against central differences of a function: what every gradient check is made of.

The numerical derivative of f along one entry of x is (f(x + e) - f(x - e)) / 2e, with an error of
order e**2. In float64 with e = 1e-5 it agrees with a right derivative to about nine digits.
`python -m minifcn.gradcheck softmax-loss --plot errors.svg` draws why e is neither larger nor
smaller.

ReLU and max pooling have kinks, where the derivative does not exist and a difference across the
kink means nothing. A kink between x - e and x + e shows in that the differences to the left and
to the right disagree; then e is made smaller, and an entry that keeps its kink (an input that is
exactly zero, a tie) is counted and left out. The report says how many were left out, and a check
that had to leave out too many has failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf, isfinite
from typing import NamedTuple

import numpy as np

from minifcn.backend import Array

STEP = 1e-5
MAX_KINKS = 0.2  # the share of entries that may be left out
SHOWN = 3  # wrong entries of an array


class Wrong(NamedTuple):
    """An entry that is not what it should be."""

    at: tuple[int, ...]
    expected: float
    got: float

    @property
    def ratio(self) -> float:
        """How many times as large as it should be it is; NaN where it should be 0."""
        return self.got / self.expected if self.expected else float("nan")


class Check(NamedTuple):
    """The comparison for one array."""

    name: str
    error: float  # largest |analytic - numerical| / largest magnitude of either
    checked: int  # entries compared
    kinks: int  # entries left out because the function has a kink there
    wrong: tuple[Wrong, ...] = ()  # the worst of the entries that are beyond the tolerance


class Report(NamedTuple):
    """The comparison for all arrays of a layer or a net."""

    checks: list[Check]
    tolerance: float
    by: str = ""  # what has computed it, where there are several ways

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
        """Return a table, an array a line, each with its worst entries if it is wrong."""
        width = max(len(check.name) for check in self.checks)
        lines = []
        for name, error, checked, kinks, wrong in self.checks:
            lines.append(f"{name:{width}}  error {error:9.2e}  entries {checked:4d}  kinks {kinks}")
            for one in wrong:
                ratio = f"  ratio {one.ratio:.4f}" if one.expected else ""
                lines.append(
                    f"  {list(one.at)}: expected {one.expected:.6g}  got {one.got:.6g}{ratio}"
                )
        verdict = "right" if self.ok else f"WRONG (tolerance {self.tolerance:.0e})"
        by = f" by {self.by}" if self.by else ""
        return "\n".join([*lines, f"gradients{by} are {verdict}"])


def check_function(
    function: Callable[[], float],
    arrays: Mapping[str, Array],
    gradients: Mapping[str, Array],
    *,
    entries: int = 50,
    tolerance: float = 1e-6,
    seed: int = 0,
    step: float = STEP,
    by: str = "",
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
        How many entries of each array are probed: that of the largest gradient, and others drawn
        at random; all if it has no more.
    tolerance : float
        Largest relative error that passes.
    seed : int
        For the choice of entries.
    step : float
        Of the differences; where there is a kink it is made smaller.
    by : str
        What has computed the gradients, for the report.

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
        chosen = rng.choice(array.size, size=count, replace=False).tolist()
        if count and (largest := int(abs(gradients[name]).argmax())) not in chosen:
            chosen[0] = largest  # a NaN counts as such
        analytic = [float(gradients[name].flat[place]) for place in chosen]
        numerical = [difference(function, array, place, step) for place in chosen]
        compared = [
            Wrong(tuple(map(int, np.unravel_index(place, array.shape))), expected, got)
            for place, expected, got in zip(chosen, numerical, analytic, strict=True)
            if expected is not None
        ]
        checks.append(_check(name, compared, count, tolerance))
    return Report(checks, tolerance, by)


def _check(name: str, compared: Sequence[Wrong], count: int, tolerance: float) -> Check:
    """Sum up the entries of an array, of which some, left out, had a kink."""
    finite = [one for one in compared if isfinite(one.got)]
    largest = max([1e-8, *(max(abs(one.expected), abs(one.got)) for one in finite)])
    off = {one: abs(one.got - one.expected) / largest if one in finite else inf for one in compared}
    wrong = sorted((one for one in off if off[one] > tolerance), key=lambda one: -off[one])
    error = max(off.values(), default=0.0)
    return Check(name, error, len(compared), count - len(compared), tuple(wrong[:SHOWN]))


def difference(
    function: Callable[[], float], array: Array, index: int, first_step: float = STEP
) -> float | None:
    """Return the numerical derivative along one entry, or None if there is a kink.

    Parameters
    ----------
    function : callable
        Of the values of `array`, which is changed in place and restored.
    array : float64 array
    index : int
        Of the entry in reading order.
    first_step : float
        A tenth and a hundredth of it are tried as well, where there seems to be a kink.
    """
    value = float(array.flat[index])

    def at(shift: float) -> float:
        array.flat[index] = value + shift
        result = float(function())
        array.flat[index] = value
        return result

    here = at(0.0)
    for step in (first_step, first_step / 10, first_step / 100):
        right, left = (at(step) - here) / step, (here - at(-step)) / step
        # For a smooth function they differ by about step * f'', for a kink by its whole jump;
        # the last term is what rounding of the function's value may contribute.
        noise = 1e-5 * max(abs(right), abs(left)) + 1e-14 * (1 + abs(here)) / step
        if abs(right - left) <= noise:
            return (right + left) / 2
    return None
