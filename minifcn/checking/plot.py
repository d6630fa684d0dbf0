"""A numerical derivative's error against its step: truncation on one side, rounding on the other.

A difference over a step e leaves out what is of order e**2 in the function's Taylor series (of
order e, if it goes to one side only): the truncation, a straight line in a plot of logarithms. It
divides the rounding of the function's value, some 1e-16 of it, by e: a straight line the other way.
In between lies the best step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minifcn.checking.case import LOOPS, Case, draw
from minifcn.checking.nets import Prepared
from minifcn.system.files import atomic_write
from minifcn.system.mishaps import Mishap

STEPS = np.logspace(-12, 0, 49)
ENTRIES = 8  # of each array
NET_STEPS, NET_ENTRIES = STEPS[::2], 2  # of a net, which takes its time
FORMATS = ("svg", "png")


class Curve(NamedTuple):
    """The errors of an array's gradient."""

    name: str
    steps: np.ndarray
    # The largest difference at some entries, relative to the largest gradient among them.
    central: np.ndarray
    one_sided: np.ndarray


def curve(
    name: str,
    function: Callable[[], float],
    array: np.ndarray,
    gradient: np.ndarray,
    steps: np.ndarray = STEPS,
    entries: int = ENTRIES,
) -> Curve:
    """Return the errors of differences of a function, at entries with large gradients."""
    chosen = np.argsort(-abs(gradient), axis=None)[:entries].tolist()
    here, central, one_sided = function(), [], []
    largest = abs(gradient).max()
    for step in steps:
        off = []
        for place in chosen:
            value = array.flat[place]
            array.flat[place] = value + step
            above = function()
            array.flat[place] = value - step
            below = function()
            array.flat[place] = value
            exact = gradient.flat[place]
            off.append(
                (abs((above - below) / (2 * step) - exact), abs((above - here) / step - exact))
            )
        both = np.max(off, axis=0) / largest
        central.append(both[0])
        one_sided.append(both[1])
    return Curve(name, steps, np.array(central), np.array(one_sided))


def curves_of_case(case: Case) -> list[Curve]:
    """Return a curve for each array of an operation, computed by the first fast way.

    The function is sum(dy * sin(y)). A sum of y alone would be linear in the arrays of most
    operations, and its differences exact for every step.
    """
    ways = [way for way in case.ways if not way.ruled_out]
    way = next((way for way in ways if way.name != LOOPS), ways[0])
    outputs, backward = way.run(case.arrays)
    name, y = next(iter(outputs.items()))
    if backward is None:
        raise Mishap("a step of descent has no gradient, and so no plot")
    dy: Any = draw(99, *y.shape) if y.ndim else np.float64(1)
    gradients = backward(dy * np.cos(y))

    def function() -> float:
        return float((dy * np.sin(way.run(case.arrays)[0][name])).sum())

    return [
        curve(f"d{name}", function, case.arrays[name], gradient)
        for name, gradient in gradients.items()
    ]


def curves_of_net(prepared: Prepared) -> list[Curve]:
    """Return curves of the loss: of the first layer's weight, the last one's, and the image."""
    net, inputs = prepared

    def forward() -> tuple[dict[str, Any], Any]:
        return net.forward(inputs, train=True, rng=np.random.default_rng(0), wrt=("data",))

    outputs, tape = forward()
    gradients = dict(net.backward(tape))
    loss = next(name for name, y in outputs.items() if y.ndim == 0)
    weights = [name for name in net.params if name.endswith("weight") and name in gradients]
    arrays = {name: net.params[name] for name in (weights[0], weights[-1])}

    def function() -> float:
        return float(forward()[0][loss])

    return [
        curve(name, function, array, gradients[name], NET_STEPS, NET_ENTRIES)
        for name, array in {**arrays, "data": inputs["data"]}.items()
    ]


def plot(title: str, curves: Sequence[Curve], used: float, path: Path) -> None:
    """Draw curves into an SVG or a PNG file, as its name says (see `require_format`).

    The step that the check takes, `used`, is marked.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure  # takes half a second, which other checks need not wait

    with rc_context({"svg.hashsalt": "minifcn"}):  # so that an SVG is the same every time
        figure = Figure(figsize=(8, 4.2), layout="constrained")
        axes = figure.subplots()
        for number, one in enumerate(curves):
            axes.plot(one.steps, one.central, color=f"C{number}", label=one.name)
            axes.plot(one.steps, one.one_sided, color=f"C{number}", linestyle=":")
        axes.plot([], [], color="grey", label="(f(x+e) - f(x-e)) / 2e")
        axes.plot([], [], color="grey", linestyle=":", label="(f(x+e) - f(x)) / e")
        axes.axvline(
            used, color="grey", linewidth=0.8, linestyle="--", label="the step that is used"
        )
        axes.set(xscale="log", yscale="log", ylabel="relative error", title=title)
        axes.set_xlabel(
            "step e        (left: rounding, as 1/e        right: truncation, as e or e²)"
        )
        figure.legend(loc="outside right center", fontsize="small", frameon=False)
        kind = _format(path)
        with atomic_write(path) as file:
            metadata = {"Date": None} if kind == "svg" else {}
            figure.savefig(file, format=kind, dpi=120, metadata=metadata)


def require_format(path: Path) -> None:
    """Raise Mishap unless a file's name says that it is one of `FORMATS`."""
    if _format(path) not in FORMATS:
        raise Mishap(f"{path}: a plot is an SVG or a PNG picture, so its name must end so")


def _format(path: Path) -> str:
    return path.suffix.removeprefix(".").lower()
