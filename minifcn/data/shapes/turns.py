"""A second label map for the `shapes` dataset: not what an object is, but how it is turned.

0 is background, 1 is round (disc and ring look the same however they are turned), 2 upright, as
a square on a side or a triangle on its base, 3 turned by half of what brings it back to itself: a
square on a corner, a triangle or a star with a tip down, a cross like an x. As in SIFT Flow, the
second map is no function of the first nor the first of the second, and both show in the outline.
"""

from __future__ import annotations

import numpy as np

from minifcn.data.shapes.outline import OUTLINES
from minifcn.data.shapes.render import Thing, mark, place

CLASSES = ("background", "round", "upright", "turned")

# How many parts of the outline are alike, and whether it is upright (0) or turned (1) at angle 0.
_SYMMETRY = {"square": (4, 0), "triangle": (3, 0), "cross": (4, 0), "star": (5, 1)}
_LOOSENESS = 0.4  # of the angles up to halfway between upright and turned


def straighten(thing: Thing) -> Thing:
    """Return an object with its angle drawn towards upright or turned, whichever is nearer.

    What lies between the two is left out: 22 degrees for a star, 36 for a triangle.
    """
    kind = list(OUTLINES)[thing.kind]
    if kind not in _SYMMETRY:
        return thing
    step = np.pi / _SYMMETRY[kind][0]  # from upright to turned
    nearest = step * round(thing.angle / step)
    return thing._replace(angle=nearest + _LOOSENESS * (thing.angle - nearest))


def turn_class(thing: Thing) -> int:
    """Return which of CLASSES an object belongs to, by its index."""
    kind = list(OUTLINES)[thing.kind]
    if kind not in _SYMMETRY:
        return CLASSES.index("round")
    parts, first = _SYMMETRY[kind]
    steps = first + round(thing.angle * parts / np.pi)
    return CLASSES.index("turned" if steps % 2 else "upright")


def turn_labels(size: tuple[int, int], things: list[Thing]) -> np.ndarray:
    """Return the label map (H, W), uint8, of objects, later ones over earlier ones.

    It has a class as in CLASSES; 255 within BAND of an outline, as in the picture's own labels.
    """
    label = np.zeros(size, np.uint8)
    for thing in things:
        mark(label, place(thing, size), turn_class(thing))
    return label
