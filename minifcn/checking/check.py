"""Checking a case: each way against the plain loops, and against differences of itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from minifcn.checking.case import LOOPS, Arrays, Case, Way, draw
from minifcn.checking.hints import common_ratio, differing, hints, ratio_hint, worst
from minifcn.net.differences import SHOWN, Check, Wrong, check_function

SAME = 1e-10  # of the loops and another way in float64, relative to the largest value
DIFFERENCE = 1e-6  # of a gradient and differences
SINGLE = 1e-4  # of a way in float32 and the loops in float64
# Entries of each array that are compared with differences, each two or three forward passes: of a
# small case, and of one with more turns of the loops than MANY_TURNS.
ENTRIES, FEW_ENTRIES = 10, 3
FEW_TURNS = 10_000  # up to which the loops are quick enough for differences
MANY_TURNS = 100_000
MOST_TURNS = 1_000_000  # up to which the loops are run at all: a second or two


class Finding(NamedTuple):
    """What is wrong with an output or a gradient."""

    array: str  # "y", "dx" ...
    held_to: str  # what it was compared with: "loops", "differences" ...
    wrong: tuple[Wrong, ...]  # the worst entries
    off: int  # entries that are wrong
    size: int  # those that were compared
    hints: tuple[str, ...] = ()


class Row(NamedTuple):
    """What was found of one way."""

    way: str
    # The largest relative error of each output and gradient, and of "float32".
    errors: dict[str, float]
    findings: tuple[Finding, ...] = ()  # empty if all is right
    note: str = ""  # why it was not run, or what else is to be said
    ran: bool = True


class Passes(NamedTuple):
    """What a way has computed: outputs, and the gradient of each array, as "dx"."""

    outputs: Arrays
    gradients: Arrays


def check_case(case: Case) -> list[Row]:
    """Check every way of a case, and return what was found of each, in order."""
    rows: list[Row] = []
    reference: tuple[str, Passes] | None = None  # what the others are held to
    for way in case.ways:
        if way.ruled_out:
            rows.append(Row(way.name, {}, note=f"ruled out: {way.ruled_out}", ran=False))
            continue
        if way.name == LOOPS and case.turns > MOST_TURNS:
            said = f"left out: its {case.turns / 1e6:.0f} million turns would take too long"
            rows.append(Row(way.name, {}, note=said, ran=False))
            continue
        row, passes = _check_way(case, way, reference)
        if reference is None and not row.findings:
            reference = way.name, passes
        rows.append(row)
    return rows


def _check_way(case: Case, way: Way, reference: tuple[str, Passes] | None) -> tuple[Row, Passes]:
    outputs, backward = way.run(case.arrays)
    first, y = next(iter(outputs.items()))
    dy: Any = draw(99, *y.shape) if y.ndim else np.float64(0.7)
    passes = Passes({**outputs, **(way.also(case.arrays) if way.also else {})}, {})
    errors: dict[str, float] = {}
    findings: dict[str, Finding] = {}
    for name, gradient in backward(dy).items() if backward is not None else ():
        passes.gradients[f"d{name}"] = gradient
        if gradient.shape != case.arrays[name].shape:
            findings[f"d{name}"] = _misshapen(f"d{name}", name, case.arrays[name], gradient)
    if reference is not None:
        _hold_to(*reference, passes, case, errors, findings)
    slow = way.name == LOOPS and case.turns > FEW_TURNS
    if backward is not None and not slow and first not in findings:  # of a wrong y differences lie
        for check in _differences(case, way, first, dy, passes.gradients):
            errors[check.name] = max(errors.get(check.name, 0.0), check.error)
            if check.wrong and check.name not in findings:
                findings[check.name] = _finding(check, case)
    if reference is not None:
        errors["float32"], finding = _in_float32(case, way, dy, reference)
        if finding and not findings:  # else it says the same again
            findings["float32"] = finding
    return Row(way.name, errors, tuple(findings.values())), passes


def _hold_to(
    name: str,
    expected: Passes,
    got: Passes,
    case: Case,
    errors: dict[str, float],
    findings: dict[str, Finding],
) -> None:
    """Compare all outputs and gradients with those of the reference, at every entry."""
    for wanted, found in zip(expected, got, strict=True):
        for array, one in found.items():
            column = array.split()[0]  # "y with ReLU" is told of as "y"
            errors[column] = max(errors.get(column, 0.0), _error(wanted[array], one))
            if wanted[array].shape != one.shape:
                findings.setdefault(column, _misshapen(array, name, wanted[array], one))
                continue
            where = differing(wanted[array], one, SAME)
            if where.any() and column not in findings:
                said = hints(
                    wanted[array],
                    one,
                    tolerance=SAME,
                    sizes=case.sizes,
                    axes=case.axes.get(column.removeprefix("d"), ()),
                )
                entries = worst(wanted[array], one, where, SHOWN)
                off = int(where.sum())
                findings[column] = Finding(array, name, entries, off, one.size, tuple(said))


def _misshapen(array: str, held_to: str, expected: np.ndarray, got: np.ndarray) -> Finding:
    said = f"it has the shape {got.shape}, and should have {expected.shape}"
    return Finding(array, held_to, (), got.size, got.size, (said,))


def _differences(case: Case, way: Way, first: str, dy: Any, gradients: Arrays) -> Iterator[Check]:
    """Yield the comparison of each gradient with differences of the way's own forward pass."""

    def objective() -> float:
        return float((way.run(case.arrays)[0][first] * dy).sum())

    for name, gradient in gradients.items():
        array = case.arrays[name.removeprefix("d")]
        if gradient.shape != array.shape:
            continue  # told of already
        entries = FEW_ENTRIES if case.turns > MANY_TURNS else ENTRIES
        report = check_function(
            objective, {name: array}, {name: gradient}, entries=entries, tolerance=DIFFERENCE
        )
        yield from report.checks


def _finding(check: Check, case: Case) -> Finding:
    ratio = common_ratio([one.expected for one in check.wrong], [one.got for one in check.wrong])
    said = (ratio_hint(ratio, case.sizes),) if ratio else ()
    return Finding(check.name, "differences", check.wrong, len(check.wrong), check.checked, said)


def _in_float32(
    case: Case, way: Way, dy: Any, reference: tuple[str, Passes]
) -> tuple[float, Finding | None]:
    """Run a way in float32; return its largest error, and the array that has too large a one."""
    arrays = {name: array.astype(np.float32) for name, array in case.arrays.items()}
    outputs, backward = way.run(arrays)
    found = {**outputs, **(way.also(arrays) if way.also else {})}
    if backward is not None:
        single = dy.astype(np.float32)
        found |= {f"d{name}": gradient for name, gradient in backward(single).items()}
    expected = {**reference[1].outputs, **reference[1].gradients}
    errors = {name: _error(expected[name], one) for name, one in found.items()}
    name = max(errors, key=lambda name: errors[name])
    if errors[name] <= SINGLE or expected[name].shape != found[name].shape:
        return errors[name], None
    where = differing(expected[name], found[name], SINGLE)
    entries = worst(expected[name], found[name], where, SHOWN)
    name, off, size = f"{name} in float32", int(where.sum()), where.size
    return errors[name.split()[0]], Finding(name, reference[0], entries, off, size)


def _error(expected: np.ndarray, got: np.ndarray) -> float:
    """Return the largest difference, relative to the largest value; infinity for a NaN."""
    if expected.shape != got.shape:
        return float("inf")
    off = abs(expected - got).max(initial=0)
    error = float(off / max(abs(expected).max(initial=0), 1e-8))
    return error if error == error else float("inf")
