"""Reading an exercise: a Python file of a learner, and which of its functions are judged."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import FunctionType

from minifcn.checking.judge import Verdict, described, judge, line_of
from minifcn.checking.judged import OPERATIONS
from minifcn.system.mishaps import Mishap


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
        raise Mishap(f"{path}{line_of(error, path)}: {described(error)}") from error
    own = {
        name: function
        for name, function in found.items()
        if isinstance(function, FunctionType) and function.__module__ == "exercise"
    }
    verdicts = [judge(name, own[name], path) for name in own if operation_of(name)]
    if not verdicts:
        known = ", ".join(names())
        raise Mishap(f"{path} defines no function that can be judged; there are {known}")
    return verdicts


def names() -> list[str]:
    """Return the names of all functions that can be judged."""
    both = (way for name in OPERATIONS for way in (name, f"{name}_backward"))
    return [way for way in both if operation_of(way)]


def operation_of(name: str) -> str | None:
    """Return which operation a function is of, if it is of any."""
    operation = name.removesuffix("_backward")
    if operation not in OPERATIONS or (name != operation and not OPERATIONS[operation].backward):
        return None
    return operation
