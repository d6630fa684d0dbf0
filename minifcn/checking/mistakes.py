"""The usual mistakes, each computed from the plain loops: whoever gets their numbers has made one.

Only asked when a gradient is wrong already, so that a hint can be given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from minifcn.checking.case import Arrays
from minifcn.checking.examples import Example
from minifcn.checking.judged import Operation

SAME = "the same comes out"  # how a hint begins

# What is computed if an option is forgotten.
FORGOTTEN = {
    "stride": (1, 1),
    "pad": (0, 0),
    "dilation": (1, 1),
    "class_weight": None,
    "momentum": 0.0,
    "weight_decay": 0.0,
}


def of_backward(operation: Operation, example: Example, dy: Any) -> Iterator[tuple[str, Arrays]]:
    """Yield what is computed by mistake, and the gradients of it."""
    arrays, options = example.arrays, example.options

    def gradients(dy: Any = dy, options: Mapping[str, Any] = options, **changed: Any) -> Arrays:
        assert operation.backward is not None
        given = [{**arrays, **changed}[name] for name in operation.takes]
        found = operation.backward(dy, *given, **options)
        found = found if isinstance(found, tuple) else (found,)
        return {f"d{name}": one for name, one in zip(arrays, found, strict=True)}

    yield f"{SAME} if dy is passed on as it is", {f"d{name}": dy for name in arrays}
    for said, changed in _changed_options(options):
        with suppress(LookupError, ValueError):  # where sizes do not fit the mistake
            yield f"{SAME} {said}", gradients(options=changed)
    if "weight" in operation.takes and arrays["weight"].ndim == 4:
        weight = arrays["weight"]
        said = "right for a kernel turned by 180 degrees: is it turned on the way?"
        yield said, gradients(weight=weight[..., ::-1, ::-1])
        if weight.shape[2] == weight.shape[3]:
            said = f"{SAME} with the rows and columns of the kernels exchanged"
            yield said, gradients(weight=weight.swapaxes(2, 3))
    if np.ndim(dy):
        said = f"{SAME} if each term replaces the one before: = in place of +="
        yield said, _replaced(gradients, dy)
    for said, mistake in operation.mistakes.items():
        yield f"{SAME} {said}", mistake(example, dy)


def of_forward(operation: Operation, example: Example) -> Iterator[tuple[str, Any]]:
    """Yield what is computed by mistake, and the results of it."""
    given = example.arrays.values()
    for said, changed in _changed_options(example.options):
        with suppress(LookupError, ValueError):
            yield f"{SAME} {said}", operation.forward(*given, **changed)
    for said, mistake in operation.mistakes.items():
        yield f"{SAME} {said}", mistake(example, None)


def _changed_options(options: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield how options can be mistaken: forgotten, exchanged, or another normalisation."""
    for name, value in options.items():
        if name in FORGOTTEN and np.any(value != FORGOTTEN[name]):
            yield f"without the {name}", {**options, name: FORGOTTEN[name]}
        if isinstance(value, tuple) and value != value[::-1]:
            yield f"with the two numbers of {name} exchanged", {**options, name: value[::-1]}
    if "label" in options:
        yield "without ignoring a pixel", {**options, "ignore_index": -1}
        for other in ("valid", "batch", "none"):
            yield f"with normalization {other}", {**options, "normalization": other}
    if options.get("ceil", True) and "kernel_size" in options:
        yield "with sizes rounded down", {**options, "ceil": False}


def _replaced(gradients: Callable[[Any], Arrays], dy: np.ndarray) -> Arrays:
    """Return gradients of which each entry has only the term of the last dy that counts for it."""
    last: Arrays = {}
    for at in np.ndindex(dy.shape):
        one = np.zeros_like(dy)
        one[at] = dy[at]
        for name, term in gradients(one).items():
            last[name] = np.where(term != 0, term, last.get(name, 0))
    return last
