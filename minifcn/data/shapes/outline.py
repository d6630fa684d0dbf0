"""The outlines of the `shapes` dataset, as signed distances.

Each function takes coordinates (x to the right, y up, pixels, the object's centre at 0) and the
radius of the circle around the object, and returns the distance to the outline: negative inside,
in pixels, exact near the edges. One number per pixel then gives the label (< 0), the boundary
band (near 0) and the smooth edge of the drawing.

Ring, cross and star have parts 4 to 10 pixels thick: a net that decides every 32 pixels loses
them, one that decides every 8 can keep them.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin, sqrt

import numpy as np

Outline = Callable[[np.ndarray, np.ndarray, float], np.ndarray]


def disc(x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    """Return the distance to a disc."""
    return np.hypot(x, y) - radius


def square(x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    """Return the distance to a square."""
    return np.maximum(np.abs(x), np.abs(y)) - radius / sqrt(2)


def triangle(x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    """Return the distance to an equilateral triangle: inside is below all three sides."""
    return np.maximum(-y, (sqrt(3) * np.abs(x) + y) / 2) - radius / 2


def ring(x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    """Return the distance to a ring."""
    half = thickness(radius) / 2
    return np.abs(np.hypot(x, y) - (radius - half)) - half


def cross(x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    """Return the distance to a cross: inside is in one of two bars."""
    half = thickness(radius) / 2
    x, y = np.abs(x), np.abs(y)
    return np.minimum(np.maximum(x - radius, y - half), np.maximum(x - half, y - radius))


def star(x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    """Return the distance to a star of five points.

    Five lines make it; inside is on the outer side of at most one of them, so the distance is the
    second largest of the five. Beyond a tip it is that to the circle around the star.
    """
    angles = [pi / 2 + pi / 5 + 2 * pi * i / 5 for i in range(5)]
    lines = [cos(a) * x + sin(a) * y for a in angles]
    first, second = np.maximum(lines[0], lines[1]), np.minimum(lines[0], lines[1])
    for line in lines[2:]:
        second = np.maximum(second, np.minimum(first, line))
        first = np.maximum(first, line)
    return np.maximum(second - radius * cos(2 * pi / 5), np.hypot(x, y) - radius)


def thickness(radius: float) -> float:
    """Return how thick the parts of a ring or a cross are: 4 to 10 pixels."""
    return min(max(radius / 3, 4.0), 10.0)


OUTLINES: dict[str, Outline] = {
    "disc": disc,
    "square": square,
    "triangle": triangle,
    "ring": ring,
    "cross": cross,
    "star": star,
}
