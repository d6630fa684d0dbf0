"""The error of a gradient check against its step: truncation on one side, rounding on the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from figures.axes import Axes
from figures.svg import Sheet

from minifcn.functional.lrn import lrn_backward, lrn_forward
from minifcn.net.gradcheck import STEP

SHAPE = (1, 5, 3, 4)
EXPONENTS = range(-14, 1)
# With beta = 1 the layer divides and multiplies only, which every machine rounds alike.
LRN = {"local_size": 3, "alpha": 1.0, "beta": 1.0}


CURVES = (
    (np.float32, True, "purple", "2 4"),
    (np.float64, False, "orange", "7 4"),
    (np.float64, True, "blue", ""),
)
# What is written, and where it begins: at which step and error.
LABELS = (
    ("float32, central", "purple", (2e-14, 1e1)),
    ("float64, one-sided", "orange", (1.2e-9, 1e-5)),
    ("float64, central", "blue", (5e-5, 1e-11)),
    ("the library's step", "green", (1.4e-5, 1e1)),
    ("rounding: error ~ 1 / step", "soft", (2e-14, 1e-7)),
    ("truncation: error ~ step²", "soft", (3e-4, 1e-9)),
)


def errors(dtype: type, central: bool) -> list[float]:
    """Return the largest relative error of the numerical gradient for each step.

    Parameters
    ----------
    dtype : numpy.float64 or numpy.float32
        In which the objective is computed.
    central : bool
        Whether the difference is taken to both sides of the point, or to the right only.
    """
    rng = np.random.default_rng(0)
    x, dy = (rng.integers(-16, 17, SHAPE) / 8 for _ in range(2))
    _, cache = lrn_forward(x, **LRN)
    exact = lrn_backward(dy, cache)
    probed = x.astype(dtype)

    def objective() -> float:
        y, _ = lrn_forward(probed, **LRN)
        return float(np.cumsum(y * dy.astype(dtype))[-1])  # in order, alike on every machine

    return [
        max(
            abs(difference(objective, probed, index, step(exponent), central) - exact.flat[index])
            for index in range(x.size)
        )
        / abs(exact).max()
        for exponent in EXPONENTS
    ]


def difference(
    objective: Callable[[], float], x: np.ndarray, index: int, size: float, central: bool
) -> float:
    """Return the numerical derivative along one entry of x."""
    value = x.flat[index]

    def at(shift: float) -> float:
        x.flat[index] = value + shift
        result = objective()
        x.flat[index] = value
        return result

    if central:
        return (at(size) - at(-size)) / (2 * size)
    return (at(size) - at(0.0)) / size


def draw() -> Sheet:
    """Return the picture."""
    sheet = Sheet(
        "A gradient check's error against its step: truncation or rounding",
        "Logarithmic axes: the step from 1e-14 to 1, the relative error from 1e-12 to 100. With "
        "large steps the error is truncation and falls with the square of the step for central "
        "differences, with the step itself for one-sided ones. With small steps it is rounding, "
        "and rises as the step gets smaller, in float32 so early that little can be checked.",
        474,
    )
    axes = Axes(76, 70, 600, 340, (1e-14, 1), (1e-12, 1e2), log_x=True, log_y=True)
    axes.draw(
        sheet,
        x_ticks={step(n): power(n) for n in range(-14, 1, 2)},
        y_ticks={step(n): power(n) for n in range(-12, 3, 2)},
        x_label="step of the difference",
        y_label="largest relative error",
    )
    x, top = axes.at(STEP, 1e2)
    sheet.line((x, top), (x, top + axes.height), stroke="green", dash="5 4")
    steps = [step(n) for n in EXPONENTS]
    for dtype, central, hue, dash in CURVES:
        points = list(zip(steps, errors(dtype, central), strict=True))
        axes.curve(sheet, points, stroke=hue, dash=dash, mark=partial(dot, hue=hue))
    for text, hue, at in LABELS:
        sheet.text(*axes.at(*at), text, fill=hue, bold=hue != "soft", size=12)
    return sheet


def dot(sheet: Sheet, x: float, y: float, hue: str) -> None:
    """Draw a mark."""
    sheet.circle(x, y, 3.2, fill=hue)


def step(exponent: int) -> float:
    """Return the power of ten, rounded alike on every machine."""
    return float(f"1e{exponent}")


def power(exponent: int) -> str:
    """Return a power of ten as it is printed."""
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
