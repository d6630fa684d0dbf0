"""Momentum: 0.99 with single images remembers about as long as 0.9 with batches of twenty."""

from __future__ import annotations

import numpy as np
from figures.axes import Axes
from figures.svg import Point, Sheet

from minifcn.training.optim import SGD, GradientAccumulator

IMAGES = 400
# Of each rule: momentum, images for one update, colour, dash.
RULES = ((0.9, 1, "orange", ""), (0.9, 20, "blue", ""), (0.99, 1, "green", "7 4"))
LEFT, WIDTH = 56, 620


def velocities(gradients: np.ndarray, momentum: float, batch: int) -> list[Point]:
    """Return (images seen, velocity) after each update of one weight, with a rate of 1 - momentum.

    With that rate the velocity is a mean of the gradients, whatever the momentum.
    """
    params = {"w": np.zeros(1)}
    optimiser = SGD(params, {}, momentum=momentum, weight_decay=0)
    accumulator = GradientAccumulator(batch)
    points = []
    for seen, gradient in enumerate(gradients, start=1):
        for address, mean in accumulator.through([("w", gradient.reshape(1))]):
            optimiser.update(address, mean, 1 - momentum)
            points.append((seen, float(optimiser.state()["w"][0])))
    return points


def draw() -> Sheet:
    """Return the picture."""
    sheet = Sheet(
        "Momentum 0.99 on one image is like 0.9 on twenty, not 0.9 on one",
        "Two plots against the images seen. Above, what is left in the velocity of one image's "
        "gradient: with momentum 0.9 and single images next to nothing after 40 images, with 0.99 "
        "a third after 100, with 0.9 and batches of twenty in stairs about half. Below, the "
        "velocity when gradients are 1 plus noise: that of 0.9 and single images jumps about, the "
        "two others stay close to 1.",
        550,
    )
    draw_memory(sheet)
    draw_noise(sheet)
    return sheet


def draw_memory(sheet: Sheet) -> None:
    """Draw what the velocity still holds of one gradient."""
    axes = Axes(LEFT, 82, WIDTH, 150, (0, IMAGES), (0, 1))
    axes.draw(
        sheet,
        x_ticks={n: str(n) for n in range(0, IMAGES + 1, 100)},
        y_ticks={0: "0", 0.5: "50 %", 1: "100 %"},
        y_label="what is left of one image's gradient",
    )
    for momentum, batch, hue, dash in RULES:
        gradients = np.zeros(IMAGES + batch)
        gradients[0] = 1
        points = velocities(gradients, momentum, batch)
        begin, first = points[0]
        left = [(seen - begin, velocity / first) for seen, velocity in points]
        axes.curve(sheet, held(left, batch), stroke=hue, dash=dash)
    sheet.text(*axes.at(28, 0.12), "0.9, one image", fill="orange", bold=True)
    sheet.text(*axes.at(135, 0.62), "0.9, twenty images", fill="blue", bold=True)
    sheet.text(*axes.at(34, 0.31), "0.99, one image", fill="green", bold=True)


def draw_noise(sheet: Sheet) -> None:
    """Draw the velocities of a gradient that is 1 on average."""
    axes = Axes(LEFT, 306, WIDTH, 190, (0, IMAGES), (-3, 5))
    gradients = 1 + np.random.default_rng(3).integers(-64, 65, IMAGES) / 16.0
    axes.draw(
        sheet,
        x_ticks={n: str(n) for n in range(0, IMAGES + 1, 100)},
        y_ticks={-3: "−3", 1: "1", 5: "5"},
        x_label="images seen",
        y_label="mean of the gradients that an update uses; dots: gradients of single images",
    )
    places = [axes.at(seen, gradient) for seen, gradient in enumerate(gradients, start=1)]
    sheet.path("".join(f"M{x:.1f} {y:.1f}h1.6" for x, y in places), stroke="soft", weight=1.6)
    for momentum, batch, hue, dash in RULES:
        points = [(0.0, 0.0), *velocities(gradients, momentum, batch)]
        axes.curve(sheet, held(points, batch), stroke=hue, dash=dash)


def held(points: list[Point], batch: int) -> list[Point]:
    """Return the points of a curve that stays as it is from one update to the next."""
    return [
        (seen + late, value)
        for seen, value in points
        for late in ((0, batch) if batch > 1 else (0,))
        if seen + late <= IMAGES and (seen < IMAGES or batch == 1)
    ]
