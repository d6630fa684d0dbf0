"""Judging an exercise: functions of a learner against the operations in plain loops.

A function is found by its name, that of one in `functional/naive/`. A backward pass is held to
central differences of the plain forward pass, at every entry; where there is a kink, to the rule
that says what counts there. Anything else is held to the plain loops' own result.
"""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from minifcn.checking.examples import Example, draw
from minifcn.checking.hints import differing, hints, worst
from minifcn.checking.judged import OPERATIONS, Operation
from minifcn.checking.mistakes import of_backward, of_forward
from minifcn.net.differences import SHOWN, Wrong, difference

RESULTS = {"sgd_step": ("weight", "velocity")}  # what else than `y` a function returns
AXES = {
    "dx": ("image", "channel", "row", "column"),
    "y": ("image", "channel", "row", "column"),
    "dscores": ("image", "class", "row", "column"),
    "dweight": ("filter", "channel", "kernel row", "kernel column"),
    "dbias": ("filter",),
}


class Finding(NamedTuple):
    """What is wrong with one array, in one example."""

    # "dx", "dweight" ..., or "" if the function has returned nothing that can be compared.
    array: str
    message: str = ""  # "" where there are entries to be shown
    wrong: tuple[Wrong, ...] = ()  # the worst entries
    off: int = 0  # entries that are wrong
    size: int = 0  # all that there are
    hints: tuple[str, ...] = ()


class Judged(NamedTuple):
    """What a function did in one example."""

    about: str
    arrays: tuple[str, ...]  # that were compared
    findings: tuple[Finding, ...]  # empty if all is right


class Verdict(NamedTuple):
    """What is to be said of a function."""

    function: str
    line: int  # where it begins
    written: bool
    examples: tuple[Judged, ...]

    @property
    def right(self) -> bool:
        """Whether it is written, and right in all examples."""
        return self.written and not any(example.findings for example in self.examples)


class _Failed(Exception):
    """A learner's function has raised the error that is the argument."""


def judge(name: str, function: Callable[..., Any], path: Path | None = None) -> Verdict:
    """Judge a function by all examples of the operation whose name it has."""
    operation = OPERATIONS[name.removesuffix("_backward")]
    line = function.__code__.co_firstlineno if isinstance(function, FunctionType) else 0
    judged = []
    for example in operation.examples():
        try:
            if name.endswith("_backward"):
                one = _judge_backward(function, operation, example)
            else:
                one = _judge_forward(name, function, operation, example)
        except NotImplementedError:
            return Verdict(name, line, False, ())
        except _Failed as failure:
            error = failure.args[0]
            said = f"ends with {described(error)}{line_of(error, path)}"
            one = Judged(example.about, (), (Finding("", said),))
        judged.append(one)
    return Verdict(name, line, True, tuple(judged))


def described(error: Exception) -> str:
    """Return the kind of an error and what it says."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def line_of(error: Exception, path: Path | None) -> str:
    """Return the last line of a file that an error went through, such as " in line 3"."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if path and frame.filename == str(path)]
    return f" in line {lines[-1]}" if lines else ""


def _judge_forward(
    name: str, function: Callable[..., Any], operation: Operation, example: Example
) -> Judged:
    given = list(example.arrays.values())
    expected = operation.forward(*given, **example.options)
    got = _called(function, given, example.options)
    labels = RESULTS.get(name, ("y",))
    wanted = dict(zip(labels, expected if len(labels) > 1 else (expected,), strict=True))
    findings = list(_compare(wanted, got, example))
    for said, result in of_forward(operation, example) if findings else ():
        results = result if len(labels) > 1 else (result,)
        findings = _with_hint(said, dict(zip(labels, results, strict=True)), wanted, got, findings)
    return Judged(example.about, labels, tuple(findings))


def _judge_backward(function: Callable[..., Any], operation: Operation, example: Example) -> Judged:
    assert operation.backward is not None
    arrays, options = {n: a.copy() for n, a in example.arrays.items()}, example.options
    y = np.asarray(operation.forward(*arrays.values(), **options))
    dy: Any = draw(9, *y.shape) if y.ndim else np.float64(0.7)
    given = [dy, *(arrays[name] for name in operation.takes)]
    by_rule = operation.backward(*given, **options)
    by_rule = by_rule if isinstance(by_rule, tuple) else (by_rule,)
    expected = {
        f"d{name}": _differences(operation, arrays, options, dy, name, rule)
        for (name, rule) in zip(arrays, by_rule, strict=True)
    }
    if not y.ndim:
        example = example._replace(sizes={**example.sizes, "dloss": float(dy)})
    before = [np.copy(array) for array in given]
    got = _called(function, given, options)
    findings = list(_compare(expected, got, example))
    for name, array, old in zip(("dy", *operation.takes), given, before, strict=True):
        if not np.array_equal(array, old, equal_nan=True):
            said = f"writes to {name}, which others may still need: make a copy"
            findings.append(Finding("", said))
    if findings and all(finding.wrong for finding in findings) and y.ndim:
        again = _called(function, [draw(10, *y.shape), *before[1:]], options)
        if all(np.array_equal(a, b, equal_nan=True) for a, b in zip(got, again, strict=True)):
            said = "it is the same for every dy: is dy used?"
            findings = [f._replace(hints=(said, *f.hints)) for f in findings]
    for said, mistaken in of_backward(operation, example, dy) if findings else ():
        findings = _with_hint(said, mistaken, expected, got, findings)
    return Judged(example.about, tuple(expected), tuple(findings))


def _with_hint(
    said: str,
    mistaken: Mapping[str, Any],
    expected: Mapping[str, Any],
    got: tuple[Any, ...],
    findings: list[Finding],
) -> list[Finding]:
    """Return findings, of which those whose numbers a mistake gives say so."""
    found = dict(zip(expected, got, strict=False))

    def fits(finding: Finding) -> bool:
        if not finding.wrong or len(finding.hints) > 2:
            return False
        one, other = np.asarray(mistaken[finding.array]), np.asarray(found[finding.array])
        return one.shape == other.shape and not differing(one, other).any()

    return [f._replace(hints=(*f.hints, said)) if fits(f) else f for f in findings]


def _differences(
    operation: Operation,
    arrays: Mapping[str, np.ndarray],
    options: Mapping[str, Any],
    dy: np.ndarray,
    name: str,
    rule: np.ndarray,
) -> np.ndarray:
    """Return sum(y * dy) differentiated by one array; at kinks, what the rule says."""

    def objective() -> float:
        return float((operation.forward(*arrays.values(), **options) * dy).sum())

    array = arrays[name]
    found = [difference(objective, array, place) for place in range(array.size)]
    return np.array(
        [by if one is None else one for one, by in zip(found, rule.flat, strict=True)]
    ).reshape(array.shape)


def _called(
    function: Callable[..., Any], given: Iterable[np.ndarray], options: Mapping[str, Any]
) -> tuple[Any, ...]:
    """Call a learner's function, without the warnings of what it may divide by."""
    own = {n: v.copy() if isinstance(v, np.ndarray) else v for n, v in options.items()}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = function(*given, **own)
            results = result if isinstance(result, tuple) else (result,)
            return tuple(one if one is None else np.asarray(one) for one in results)
        except NotImplementedError:
            raise
        except Exception as error:
            raise _Failed(error) from error


def _compare(
    expected: Mapping[str, Any], got: tuple[Any, ...], example: Example
) -> Iterable[Finding]:
    """Yield what is wrong with each array of a result."""
    wanted = ", ".join(expected)
    if len(got) != len(expected) or any(array is None for array in got):
        count = f"{len(got)} arrays" if len(got) != 1 else "one array"
        if any(array is None for array in got):
            count = "nothing" if len(got) == 1 else "None for one"
        yield Finding("", f"returns {count}, and should return {wanted}")
        return
    for (name, one), array in zip(expected.items(), got, strict=True):
        one = np.asarray(one, float)
        if array.dtype.kind not in "fiub":
            yield Finding(name, f"has the type {array.dtype}, and should be of numbers")
        elif array.shape != one.shape:
            yield Finding(name, f"has the shape {array.shape}, and should have {one.shape}")
        elif (where := differing(one, array)).any():
            same_shape = one.shape == next(iter(example.arrays.values())).shape
            said = hints(
                one,
                array.astype(float),
                sizes=example.sizes,
                axes=AXES.get(name, ())[: one.ndim],
                places=example.places if same_shape else {},
            )
            yield Finding(
                name, "", worst(one, array, where, SHOWN), int(where.sum()), one.size, tuple(said)
            )
