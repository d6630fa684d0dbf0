"""The phases of a bilinear kernel: every output sees two inputs, with weights that make 1."""

from __future__ import annotations

import numpy as np
from figures.axes import Axes
from figures.svg import HUES, Sheet, figure

from minifcn.functional.bilinear import bilinear_kernel
from minifcn.functional.deconv import deconv2d_forward

FACTOR = 4
INPUTS = (3.0, 7.0, 2.0, 5.0)


def draw() -> Sheet:
    """Return the picture."""
    sheet = Sheet(
        f"Bilinear upsampling by {FACTOR}: each output is a mean of two inputs",
        "The eight weights of a one-dimensional bilinear kernel, coloured by phase: each output "
        "pixel is reached by two of them, four apart, which add up to 1. Below, four inputs and "
        "the outputs between them, which lie on straight lines; towards the edges they fall to "
        "zero.",
        520,
    )
    kernel = bilinear_kernel(2 * FACTOR, np.float64).sum(axis=0) / FACTOR
    draw_kernel(sheet, kernel)
    draw_phases(sheet, kernel)
    draw_outputs(sheet, kernel)
    return sheet


def draw_kernel(sheet: Sheet, kernel: np.ndarray) -> None:
    """Draw the weights as bars."""
    axes = Axes(54, 84, 250, 100, (0, len(kernel)), (0, 1))
    sheet.text(54, 58, "the kernel in one direction")
    axes.draw(sheet, x_ticks={}, y_ticks={0: "0", 0.5: "1/2", 1: "1"})
    for n, weight in enumerate(kernel):
        (x, y), (right, base) = axes.at(n, weight), axes.at(n + 1, 0)
        sheet.rect(x + 2, y, right - x - 4, base - y, fill=HUES[n % FACTOR], shade=0.45)
        text = f"{weight * len(kernel):g}/{len(kernel)}"
        sheet.text((x + right) / 2, base + 12, text, anchor="middle", size=11)


def draw_phases(sheet: Sheet, kernel: np.ndarray) -> None:
    """Draw, for each phase, its two weights as parts of a bar that is 1 long."""
    left, width = 430, 220
    sheet.text(354, 58, f"output {FACTOR} i + phase, as parts of two inputs")
    for phase, hue in enumerate(HUES):
        y, weights = 92 + 30 * phase, kernel[phase::FACTOR][::-1]
        sheet.text(left - 12, y, f"phase {phase}", anchor="end")
        begin = left
        for weight, shade, source in zip(weights, (0.2, 0.5), ("x[i−1]", "x[i]"), strict=True):
            sheet.rect(begin, y - 11, weight * width, 22, fill=hue, shade=shade, stroke=hue)
            text = f"{weight * len(kernel):g}/{len(kernel)}"
            if weight > 0.3:
                text += f" {source}"
            sheet.text(begin + weight * width / 2, y, text, anchor="middle", size=11)
            begin += weight * width


def draw_outputs(sheet: Sheet, kernel: np.ndarray) -> None:
    """Draw inputs, their stamps, and the outputs that the library makes of them."""
    inputs = np.array(INPUTS)[None, None, None]
    y, _ = deconv2d_forward(inputs, kernel[None, None, None], stride=(1, FACTOR))
    outputs = y.ravel().tolist()
    axes = Axes(54, 286, 622, 170, (-0.5, len(outputs) - 0.5), (0, 8))
    sheet.text(
        54, 252, "Large: inputs. Small: outputs, coloured by phase. Shaded: the stamps that add up."
    )
    axes.draw(
        sheet,
        x_ticks={n: str(n) for n in range(len(outputs))},
        y_ticks={0: "0", 4: "4", 8: "8"},
        x_label="output pixel",
    )
    for i, value in enumerate(INPUTS):
        stamp = [(i * FACTOR + n, value * weight) for n, weight in enumerate(kernel)]
        first, last = stamp[0][0] - 0.5, stamp[-1][0] + 0.5
        corners = [(first, 0), *stamp, (last, 0)]
        middle = i * FACTOR + FACTOR - 0.5
        corners.insert(1 + FACTOR, (middle, value))
        sheet.area(*(axes.at(*corner) for corner in corners), fill="soft", shade=0.14)
    axes.curve(sheet, list(enumerate(outputs)), stroke="soft", weight=1)
    for n, value in enumerate(outputs):
        sheet.circle(*axes.at(n, value), 4.5, fill=HUES[n % FACTOR])
    for i, value in enumerate(INPUTS):
        x, y = axes.at(i * FACTOR + FACTOR - 0.5, value)
        sheet.circle(x, y, 8, stroke="ink", weight=2)
        peak = value == max(INPUTS[max(i - 1, 0) : i + 2])
        sheet.text(
            x, y - 18 if peak else y + 20, f"x[{i}] = {figure(value)}", anchor="middle", size=12
        )
