"""Judging an exercise: functions of a learner against the operations in plain loops.

A function is found by its name, that of one in `functional/naive/`. A backward pass is held to
central differences of the plain forward pass, at every entry; where there is a kink, to the rule
that says what counts there. Anything else is held to the plain loops' own result.
"""

from __future__ import annotations

import runpy
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from minifcn.checking.examples import OPERATIONS, Example, Operation, draw
from minifcn.checking.hints import differing, hints, worst
from minifcn.net.differences import SHOWN, Wrong, difference
from minifcn.system.mishaps import Mishap

RESULTS = {"sgd_step": ("weight", "velocity")}  # what else than `y` a function returns
AXES = {
    "dx": ("image", "channel", "row", "column"),
    "y": ("image", "channel", "row", "column"),
    "dscores": ("image", "class", "row", "column"),
    "dweight": ("filter", "channel", "kernel row", "kernel column"),
    "dbias": ("filter",),
}


class Finding(NamedTuple):
    """What is wrong with one array, in one example.

    Attributes
    ----------
    array : str
        "dx", "dweight" ..., or "" if the function has returned nothing that can be compared.
    message : str
        "" where there are entries to be shown.
    wrong : tuple of Wrong
        The worst entries.
    off, size : int
        Entries that are wrong, and all that there are.
    hints : tuple of str
    """

    array: str
    message: str = ""
    wrong: tuple[Wrong, ...] = ()
    off: int = 0
    size: int = 0
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


def judge_file(path: Path) -> list[Verdict]:
    """Run a Python file and judge the functions in it that have a name of `functional/naive/`.

    Raises
    ------
    Mishap
        If it cannot be run, or there is no such function in it.
    """
    try:
        found = runpy.run_path(str(path), run_name="exercise")
    except SyntaxError as error:
        where = f"{error.filename}, line {error.lineno}"
        raise Mishap(f"{where}: this is no Python: {error.msg}") from error
    except OSError:
        raise
    except Exception as error:
        raise Mishap(f"{path}{_place(error, path)}: {_said(error)}") from error
    own = {
        name: function
        for name, function in found.items()
        if isinstance(function, FunctionType) and function.__module__ == "exercise"
    }
    verdicts = [judge(name, own[name], path) for name in own if _operation(name)]
    if not verdicts:
        known = ", ".join(names())
        raise Mishap(f"{path} defines no function that can be judged; there are {known}")
    return verdicts


def names() -> list[str]:
    """Return the names of all functions that can be judged."""
    ways = {name: (name, f"{name}_backward") for name in OPERATIONS}
    return [way for both in ways.values() for way in both if _operation(way)]


def _operation(name: str) -> str | None:
    """Return which operation a function is of, if it is of any."""
    operation = name.removesuffix("_backward")
    if operation not in OPERATIONS or (name != operation and not OPERATIONS[operation].backward):
        return None
    return operation


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
        except Exception as error:
            said = f"ends with {_said(error)}{_place(error, path)}"
            one = Judged(example.about, (), (Finding("", said),))
        judged.append(one)
    return Verdict(name, line, True, tuple(judged))


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _place(error: Exception, path: Path | None) -> str:
    """Return the last line of the file that an error went through."""
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
    return Judged(example.about, labels, tuple(_compare(wanted, got, example)))


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
            said = f"{name} is written to: others may still need it, so make a copy"
            findings.append(Finding("", said))
    if findings and all(finding.array for finding in findings) and y.ndim:
        again = _called(function, [draw(10, *y.shape), *before[1:]], options)
        if all(np.array_equal(a, b, equal_nan=True) for a, b in zip(got, again, strict=True)):
            said = "it is the same for every dy: is dy used?"
            findings = [f._replace(hints=(said, *f.hints)) for f in findings]
    if "weight" in arrays and any(finding.wrong for finding in findings):
        findings = [_turned(finding, operation, before, options, got) for finding in findings]
    return Judged(example.about, tuple(expected), tuple(findings))


def _turned(
    finding: Finding,
    operation: Operation,
    given: list[np.ndarray],
    options: Mapping[str, Any],
    got: tuple[Any, ...],
) -> Finding:
    """Add the hint that dx is what a kernel turned by half a circle would give, if it is."""
    assert operation.backward is not None
    dy, x, weight = given
    if finding.array != "dx" or not finding.wrong or weight.ndim < 4:
        return finding
    dx = operation.backward(dy, x, weight[..., ::-1, ::-1], **options)[0]
    if differing(dx, got[0]).any():
        return finding
    said = "right for a kernel turned by 180 degrees: is it turned on the way?"
    return finding._replace(hints=(*finding.hints, said))


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
        result = function(*given, **own)
    return result if isinstance(result, tuple) else (result,)


def _compare(
    expected: Mapping[str, Any], got: tuple[Any, ...], example: Example
) -> Iterable[Finding]:
    """Yield what is wrong with each array of a result."""
    wanted = ", ".join(expected)
    if len(got) != len(expected) or any(array is None for array in got):
        count = "nothing" if got == (None,) else f"{len(got)} of these, or None for one"
        yield Finding("", f"returns {count}, and should return {wanted}")
        return
    for (name, one), array in zip(expected.items(), got, strict=True):
        one, array = np.asarray(one, float), np.asarray(array)
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
