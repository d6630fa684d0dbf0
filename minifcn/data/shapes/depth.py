"""Depth for the pictures of the `shapes` dataset: they hang and stand in a room.

A camera looks slightly down at a floor and a wall; each object is a piece of a plane, upright or
nearly so, in front of all that it covers. A plane n . p = 1 has the inverse depth n . r at a pixel
with the ray r (normals.py), so the room and the objects are a few linear functions of the pixel:
what is nearer has the larger one.

Neither colour nor depth shows all: `conceal` makes some objects hidden, with the colours of the
background, and some flat, without a depth of their own.
"""

from __future__ import annotations

import numpy as np

from minifcn.data.normals import Camera, points
from minifcn.data.shapes.render import Thing, place

HIDDEN, FLAT = 0.4, 0.15  # of all objects
FLOOR_LIGHT = np.float32(0.7)  # of the wall's

_PITCH = (10.0, 20.0)  # of the camera, down, degrees
_CAMERA_HEIGHT = (1.6, 2.0)  # metres
_WALL_DISTANCE = (3.2, 4.5)  # metres
_WALL_YAW = 20.0  # degrees to either side, as for the objects:
_YAW, _LEAN = 30.0, 10.0
_GAP = (0.15, 0.4)  # by which an object's inverse depth exceeds that of what it covers
_NOISE = 1.5e-3  # standard deviation of the inverse depth, 1 / metre: 6 mm at 2 m, 24 mm at 4 m


def camera_of(size: tuple[int, int]) -> Camera:
    """Return the camera of the pictures of a size (height, width): 53 degrees along the longer."""
    height, width = size
    return Camera(max(size), max(size), (width - 1) / 2, (height - 1) / 2)


def conceal(rng: np.random.Generator, things: list[Thing]) -> list[Thing]:
    """Return the objects, of which chance has made some hidden and others flat."""
    draws = rng.random(len(things)).tolist()
    return [
        thing._replace(hidden=draw < HIDDEN, flat=HIDDEN <= draw < HIDDEN + FLAT)
        for thing, draw in zip(things, draws, strict=True)
    ]


def render_depth(
    rng: np.random.Generator, size: tuple[int, int], things: list[Thing]
) -> tuple[np.ndarray, np.ndarray]:
    """Place objects in a new room, later ones in front of earlier ones.

    Parameters
    ----------
    rng : numpy Generator
        Decides the room, the distances and slants of the objects, and the noise.
    size : (int, int)
        Height and width, pixels.

    Returns
    -------
    depth : ndarray (H, W), float32
        Distance from the plane of `camera_of(size)`, metres.
    floor : ndarray (H, W), bool
        Where the floor is, or would be without objects, and not the wall.
    """
    rays = points(np.ones(size), camera_of(size))  # (H, W, 3)
    pitch = np.radians(rng.uniform(*_PITCH))
    cos, sin = np.cos(pitch), np.sin(pitch)
    axes = np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]])  # right, down, ahead in the room
    ground = rays @ axes[1] / rng.uniform(*_CAMERA_HEIGHT)
    wall = rays @ (_facing(rng, _WALL_YAW, 0) @ axes) / rng.uniform(*_WALL_DISTANCE)

    nearness = np.maximum(ground, wall)  # 1 / depth
    for thing in things:
        normal, gap = _facing(rng, _YAW, _LEAN) @ axes, rng.uniform(*_GAP)
        if thing.flat:
            continue
        where = place(thing, size)
        inside = where.distance < 0
        area, plane = nearness[where.window], (rays[where.window] @ normal)[inside]
        area[inside] = plane * (area[inside] / plane).max() * (1 + gap)
    nearness += _NOISE * rng.standard_normal(size)
    return (1 / nearness).astype(np.float32), ground > wall


def _facing(rng: np.random.Generator, yaw: float, lean: float) -> np.ndarray:
    """Return a normal (right, down, ahead in the room) so many degrees off at most, at random."""
    turn, tip = np.radians(rng.uniform((-yaw, -lean), (yaw, lean)))
    return np.array([np.sin(turn) * np.cos(tip), np.sin(tip), np.cos(turn) * np.cos(tip)])
