"""Local response normalisation: each channel is divided by the energy of its neighbours."""

from __future__ import annotations

import numpy as np
from figures.axes import Axes
from figures.svg import Sheet, figure

from minifcn.functional.lrn import lrn_backward, lrn_forward

# With beta = 1 and a large alpha, so that it can be seen; AlexNet has alpha = 1e-4, beta = 0.75.
LRN = {"local_size": 5, "alpha": 1.0, "beta": 1.0}
X = np.array([1.0, 0.5, 1.0, 0.5, 1.0, 4.0, 1.0, 0.5, 1.0, 0.5, 1.0])
CENTRE = 3  # the channel whose neighbours are marked
LEFT, WIDTH = 60, 616


def draw() -> Sheet:
    """Return the picture."""
    y, cache = lrn_forward(X[None, :, None, None], **LRN)
    dy = np.zeros_like(y)
    dy[0, CENTRE] = 1
    dx = lrn_backward(dy, cache).ravel()
    sheet = Sheet(
        "Local response normalisation: a strong channel turns its neighbours down",
        "Three rows of bars over the eleven channels of a pixel: the input with one strong "
        "channel, the output, in which the channels within two of the strong one have become "
        "small, and the gradient that one output sends back, which reaches two channels each way.",
        536,
    )
    half, cell = LRN["local_size"] // 2, WIDTH / len(X)
    sheet.rect(
        LEFT + (CENTRE - half) * cell, 44, LRN["local_size"] * cell, 448, fill="green", shade=0.12
    )
    sheet.text(
        LEFT + (CENTRE + 0.5) * cell, 57, f"seen by y[{CENTRE}]", fill="green", anchor="middle"
    )
    draw_bars(sheet, 100, "input x", X, (0, 4))
    draw_bars(sheet, 252, "output y = x / (1 + mean of x² over the five)", y.ravel(), (0, 1))
    draw_bars(sheet, 404, f"gradient dx, where only dy[{CENTRE}] is 1", dx, (-0.1, 0.22), 3)
    for channel in range(len(X)):
        x = LEFT + (channel + 0.5) * cell
        sheet.text(x, 504, str(channel), fill="soft", anchor="middle", size=11)
    sheet.text(LEFT + WIDTH / 2, 522, "channel", fill="soft", anchor="middle")
    return sheet


def draw_bars(
    sheet: Sheet,
    top: float,
    name: str,
    values: np.ndarray,
    limits: tuple[float, float],
    decimals: int = 2,
) -> None:
    """Draw a bar for each channel, with its number."""
    axes = Axes(LEFT, top, WIDTH, 88, (0, len(values)), limits)
    sheet.text(LEFT + WIDTH, top - 24, name, bold=True, anchor="end")
    for channel, value in enumerate(values.tolist()):
        (left, y), (right, base) = axes.at(channel, value), axes.at(channel + 1, 0)
        hue = "orange" if value == values.max() and channel != CENTRE else "blue"
        hue = "green" if channel == CENTRE else hue
        sheet.rect(left + 10, min(y, base), right - left - 20, abs(y - base), fill=hue, shade=0.6)
        sheet.text(
            (left + right) / 2,
            y + (-8 if value >= 0 else 9),
            figure(value, decimals),
            anchor="middle",
            size=11,
        )
    left, base = axes.at(0, 0)
    sheet.line((left, base), (left + WIDTH, base), stroke="soft", weight=1)
