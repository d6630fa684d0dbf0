"""The gradient of softmax with loss: by how much each probability is above what it should be."""

from __future__ import annotations

import numpy as np
from figures.axes import Axes
from figures.svg import Sheet, figure

from minifcn.functional.softmax import softmax_loss_backward, softmax_loss_forward

CLASSES = ("sky", "cat", "dog", "bird")
SCORES = np.array([1.0, 2.5, 3.0, 0.5])
TRUE = 1
COLUMN = 168


def draw() -> Sheet:
    """Return the picture."""
    loss, cache = softmax_loss_forward(SCORES[None], np.array([TRUE]))
    gradient = softmax_loss_backward(np.ones(()), cache)[0]
    p, onehot = cache.probability[0], np.eye(len(SCORES))[TRUE]
    sheet = Sheet(
        "Softmax with loss: the gradient is the probabilities minus the truth",
        "Bars for four classes: the scores of a pixel, their softmax p, the truth as 1 for cat and "
        "0 for the others, and the gradient p minus truth: negative for cat, whose score is to "
        "rise, positive for all others, and 0 in sum.",
        372,
    )
    panels = (
        ("scores s", SCORES, (0, 3.5), ""),
        ("p = softmax(s)", p, (0, 1), ""),
        ("truth", onehot, (0, 1), "−"),
        ("gradient = p − truth", gradient, (-1, 1), "="),
    )
    for number, (name, values, limits, sign) in enumerate(panels):
        axes = Axes(44 + number * COLUMN, 88, 118, 190, (0, len(SCORES)), limits)
        sheet.text(axes.left, 60, name, bold=True)
        if sign:
            sheet.text(axes.left - 26, 183, sign, size=18, bold=True, anchor="middle")
        draw_bars(sheet, axes, values)
    sheet.text(
        44,
        332,
        f"loss = −log p[{CLASSES[TRUE]}] = {float(loss):.2f}. A step against the gradient raises "
        f"the score of {CLASSES[TRUE]} and lowers the others.",
        fill="soft",
    )
    sheet.text(
        44, 350, "The gradient adds up to 0, as p and the truth both add up to 1.", fill="soft"
    )
    return sheet


def draw_bars(sheet: Sheet, axes: Axes, values: np.ndarray) -> None:
    """Draw a bar for each class, with its number."""
    for n, value in enumerate(values.tolist()):
        (left, y), (right, base) = axes.at(n, value), axes.at(n + 1, 0)
        hue = "orange" if n == TRUE else "blue"
        sheet.rect(left + 3, min(y, base), right - left - 6, abs(base - y), fill=hue, shade=0.55)
        above = -9 if value >= 0 else 9
        sheet.text((left + right) / 2, y + above, figure(value), anchor="middle", size=11)
        sheet.text((left + right) / 2, 294, CLASSES[n], anchor="middle", size=11, fill="soft")
    left, base = axes.at(0, 0)
    sheet.line((left, base), (left + axes.width, base), stroke="soft", weight=1)
