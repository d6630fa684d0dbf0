"""Drawing the pictures of the `shapes` dataset: backgrounds, textured objects, their labels."""

from __future__ import annotations

from collections.abc import Callable
from colorsys import hsv_to_rgb
from typing import NamedTuple

import numpy as np

from minifcn.backend import IGNORE
from minifcn.data.shapes.outline import OUTLINES

BAND = 0.9  # half the width of the boundary band, pixels
_SHADOW = 5  # how far an object darkens what lies around it, pixels
_NOISE = 5.0  # standard deviation, of 0..255


class Thing(NamedTuple):
    """One object: `kind` counts the outlines from 0; centre and radius in pixels, angle in radians.

    Pixel (i, j) covers [i, i + 1) x [j, j + 1). The centre must lie within the image. A `hidden`
    object has the colours of the background; a `flat` one is painted on what is behind it.
    """

    kind: int
    row: float
    column: float
    radius: float
    angle: float
    hidden: bool = False
    flat: bool = False


class Place(NamedTuple):
    """The pixels around an object, from `place`."""

    window: tuple[slice, slice]  # rows and columns of the image
    # (h, 1) and (w,), float32: from the object's centre, pixels.
    down: np.ndarray
    right: np.ndarray
    # (h, w), float32: the same, turned with the object; y is up.
    x: np.ndarray
    y: np.ndarray
    distance: np.ndarray  # (h, w), float32: to the outline, pixels; negative inside


def place(thing: Thing, size: tuple[int, int]) -> Place:
    """Return where an object comes to lie in an image of a size (height, width)."""
    reach = thing.radius + _SHADOW
    rows, columns = _window(thing.row, reach, size[0]), _window(thing.column, reach, size[1])
    down = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + 0.5 - thing.row
    right = np.arange(columns.start, columns.stop, dtype=np.float32) + 0.5 - thing.column
    cos, sin = np.float32(np.cos(thing.angle)), np.float32(np.sin(thing.angle))
    x, y = cos * right - sin * down, -sin * right - cos * down
    distance = list(OUTLINES.values())[thing.kind](x, y, thing.radius)
    return Place((rows, columns), down, right, x, y, distance)


def mark(label: np.ndarray, where: Place, value: int) -> None:
    """Write `value` on the pixels of an object and 255 within BAND of its outline, in place."""
    area = label[where.window]
    area[where.distance < 0] = value
    area[np.abs(where.distance) < BAND] = IGNORE


def render(
    rng: np.random.Generator,
    size: tuple[int, int],
    things: list[Thing],
    light: np.ndarray | float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw objects, later ones over earlier ones, on a new background.

    Parameters
    ----------
    rng : numpy Generator
        Decides colours, textures and noise.
    size : (int, int)
        Height and width, pixels.
    light : float32 array (H, W), or 1
        What the background's colours are multiplied by.

    Returns
    -------
    image : ndarray (H, W, 3), uint8
        RGB.
    label : ndarray (H, W), uint8
        0 background, 1 + kind, 255 within BAND of an outline.
    """
    background = _background(rng, size) * light
    canvas = background.copy()
    label = np.zeros(size, np.uint8)
    for thing in things:
        where = place(thing, size)
        mark(label, where, thing.kind + 1)
        _paint(rng, canvas, background, thing, where)
    canvas += _NOISE * rng.standard_normal(canvas.shape, np.float32)
    image = canvas.clip(0, 255).astype(np.uint8).transpose(1, 2, 0)
    return np.ascontiguousarray(image), label


def _paint(
    rng: np.random.Generator,
    canvas: np.ndarray,
    background: np.ndarray,
    thing: Thing,
    where: Place,
) -> None:
    """Draw one object on a float32 canvas (3, H, W), 0..255, in place."""
    first, second = _object_colours(rng, thing.kind)
    pattern = _object_texture(rng, thing.kind)(rng, where.x, where.y)
    light = 1 - 0.2 * (where.right + where.down) / thing.radius  # from the upper left
    colour = (first + pattern * (second - first)) * light
    if thing.hidden:
        colour = background[(..., *where.window)]
    picture = canvas[(..., *where.window)]
    if not (thing.hidden or thing.flat):
        picture *= 1 - 0.4 * (1 - where.distance / _SHADOW).clip(0, 1)
    picture += (0.5 - where.distance).clip(0, 1) * (colour - picture)


def _window(centre: float, reach: float, size: int) -> slice:
    return slice(max(int(centre - reach), 0), min(int(centre + reach) + 1, size))


def _background(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Return a float32 canvas (3, H, W), 0..255: two muted colours in clouds, a faint texture."""
    height, width = size
    first, second = (
        _colour(rng.random(), rng.uniform(0.1, 0.4), rng.uniform(0.25, 0.8)) for _ in range(2)
    )
    clouds = rng.random((height // 32 + 2, width // 32 + 2), np.float32)
    mixture = _stretch(height, clouds.shape[0]) @ clouds @ _stretch(width, clouds.shape[1]).T
    angle = rng.uniform(0, np.pi)
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    down, right = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)
    x, y = cos * right - sin * down, sin * right + cos * down
    pattern = TEXTURES[rng.integers(len(TEXTURES))](rng, x, y)
    mixture += rng.uniform(0.0, 0.4) * (pattern - 0.5)
    return first + mixture * (second - first)


def _stretch(size: int, knots: int) -> np.ndarray:
    """Return the matrix (size, knots) of linear interpolation between knots spread over a side."""
    position = np.linspace(0, knots - 1, size, dtype=np.float32)[:, None]
    return (1 - np.abs(position - np.arange(knots, dtype=np.float32))).clip(0, 1)


# ---------------------------------------------------------------------------------------------
# Colours and textures: each class has its own, but only as a habit
# ---------------------------------------------------------------------------------------------


def _colour(hue: float, saturation: float, value: float) -> np.ndarray:
    """Return RGB (3, 1, 1), float32, 0..255; a hue of 1 is a full turn."""
    rgb = hsv_to_rgb(hue % 1.0, saturation, value)
    return np.array(rgb, np.float32)[:, None, None] * 255


def _object_colours(rng: np.random.Generator, kind: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a bright and a darker colour, of about the hue of the class."""
    hue = kind / len(OUTLINES) + rng.normal(0, 0.05)
    saturation = rng.uniform(0.55, 0.9)
    bright = _colour(hue, saturation, rng.uniform(0.8, 1.0))
    dark = _colour(hue + rng.normal(0, 0.04), saturation, rng.uniform(0.35, 0.6))
    return bright, dark


Texture = Callable[[np.random.Generator, np.ndarray, np.ndarray], np.ndarray]


def _object_texture(rng: np.random.Generator, kind: int) -> Texture:
    """Return the texture of the class in three of four objects, else any."""
    return TEXTURES[kind if rng.random() < 3 / 4 else rng.integers(len(TEXTURES))]


def _frequency(rng: np.random.Generator) -> np.float32:
    """Return the angular frequency of a texture with a period of 5 to 10 pixels."""
    return np.float32(2 * np.pi / rng.uniform(5, 10))


def _sharpen(wave: np.ndarray) -> np.ndarray:
    """Return a wave of -1..1 as 0..1 with steep flanks."""
    return (0.5 + 1.5 * wave).clip(0, 1)


def _dots(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    frequency = _frequency(rng)
    return _sharpen(np.cos(frequency * x) + np.cos(frequency * y) - 0.5)


def _checks(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    frequency = _frequency(rng) / 2
    return _sharpen(2 * np.sin(frequency * x) * np.sin(frequency * y))


def _stripes(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return _sharpen(np.sin(_frequency(rng) * x))


def _ramp(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    lowest, highest = y.min(), y.max()
    return (y - lowest) / (highest - lowest)


def _grain(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    height, width = x.shape
    coarse = rng.random((height // 2 + 1, width // 2 + 1), np.float32)
    return coarse.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]


def _ripples(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return _sharpen(np.sin(_frequency(rng) * np.hypot(x, y)))


TEXTURES: tuple[Texture, ...] = (_dots, _checks, _stripes, _ramp, _grain, _ripples)
