"""What a classifier already knows (Figure 2 of the paper): where in an image it sees a class."""

from __future__ import annotations

from types import ModuleType
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from minifcn.backend import to_device, to_host
from minifcn.data.dataset import DataError
from minifcn.inference.model import Model
from minifcn.inference.pictures import INK, PAPER, font_of
from minifcn.models.build import image_size
from minifcn.models.convolutional import convolutional
from minifcn.net.graph import coordinate_maps
from minifcn.net.memory import inference_bytes
from minifcn.system.devices import device_memory
from minifcn.system.machine import gigabytes

# From nothing to the highest probability of a map; RGB, evenly spaced.
RAMP = np.array([[0, 0, 96], [112, 16, 160], [224, 48, 96], [255, 144, 24], [255, 248, 128]])
ALPHA = 0.6  # weight of the colours over the photograph
DOT = 1  # radius of the mark of a place, pixels
TICKS = 5


class HeatMap(NamedTuple):
    """The probability of every class at every place of an image.

    Attributes
    ----------
    share : array (C, OH, OW), float32
        The classes of one place add up to 1.
    rows, columns : array (OH,), (OW,), float64
        Where in the image the middle of what a place sees lies, in pixels.
    """

    share: np.ndarray
    rows: np.ndarray
    columns: np.ndarray


def heat_map(model: Model, image: np.ndarray, xp: ModuleType = np) -> HeatMap:
    """Slide a classifier over an image, which it sees unscaled and whole.

    Parameters
    ----------
    model : Model
        A classifier.
    image : uint8 array (H, W, 3), RGB
    xp : module
        That of the net's weights.

    Raises
    ------
    DataError
        If the image is smaller than what the classifier looks at, or too large for the memory.
    """
    (height, width), size = image.shape[:2], image_size(model.spec)
    if min(height, width) < size:
        raise DataError(
            f"an image of {height} x {width} pixels is too small to slide over: the classifier "
            f"looks at {size} x {size} at a time; scale the image up"
        )
    net = convolutional(model.net, size)
    scores_name = net.nodes[-1].name
    needed = inference_bytes(net, [scores_name], {"data": (1, 3, height, width)}, xp)
    free = device_memory(xp).available
    if free is not None and needed > free:
        raise DataError(
            f"to slide over {height} x {width} pixels needs about {gigabytes(needed)} of memory, "
            f"and {gigabytes(free)} are free; scale the image down"
        )
    data = to_device(model.preprocess(image)[None], xp)
    scores = to_host(net.forward({"data": data}, outputs=[scores_name])[0][scores_name])[0]
    share = shares(scores)
    ((vertical, horizontal),) = coordinate_maps(net.nodes, scores_name)
    back = vertical.inverse(), horizontal.inverse()
    rows, columns = (
        float(axis.offset) + float(axis.scale) * np.arange(count)
        for axis, count in zip(back, share.shape[1:], strict=True)
    )
    return HeatMap(share, rows, columns)


def shares(scores: np.ndarray) -> np.ndarray:
    """Return the probability of each class for scores (C, ...), which are along the first axis."""
    share = np.exp(scores - scores.max(axis=0))
    return share / share.sum(axis=0)


def draw(image: np.ndarray, heat: HeatMap, number: int, title: str) -> np.ndarray:
    """Return an image, grey, under the colours of a class's probability, with a scale below.

    A dot marks the middle of each place. Between them the colours go over into each other; towards
    the edges, where no place has its middle, they stay what they are at the nearest one.

    Parameters
    ----------
    image : uint8 array (H, W, 3), RGB
    heat : HeatMap
        Of the image.
    number : int
        The class.
    title : str
        Written over the scale.

    Returns
    -------
    uint8 array (H + about 80, W, 3)
    """
    share = heat.share[number]
    down, across = (
        _between(np.arange(count), centres)
        for count, centres in zip(image.shape[:2], (heat.rows, heat.columns), strict=True)
    )
    highest = float(max(share.max(), np.finfo(np.float32).tiny))  # not 0, to be divided by
    grey = np.asarray(Image.fromarray(image).convert("L"))[..., None]
    mixed = (1 - ALPHA) * grey + ALPHA * _colours(down @ (share / highest) @ across.T)
    picture = Image.fromarray(np.rint(mixed).astype(np.uint8))
    drawing = ImageDraw.Draw(picture)
    for y in heat.rows:
        for x in heat.columns:
            drawing.ellipse((x - DOT, y - DOT, x + DOT, y + DOT), PAPER)
    return np.concatenate([np.asarray(picture), _scale(image.shape[1], highest, title)])


def _between(positions: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the weights (positions, centres) of linear interpolation, constant beyond the ends."""
    return np.stack([np.interp(positions, centres, one) for one in np.eye(len(centres))], axis=1)


def _colours(values: np.ndarray) -> np.ndarray:
    """Return the colour, float (..., 3), of each value in 0 ... 1."""
    steps = np.linspace(0, 1, len(RAMP))
    return np.stack([np.interp(values, steps, channel) for channel in RAMP.T], axis=-1)


def _scale(width: int, highest: float, title: str) -> np.ndarray:
    """Return a white strip with the title, the colours, and what they stand for."""
    font, size = font_of(width)
    gap, bar = size // 2, max(8, size // 2)
    strip = Image.new("RGB", (width, 4 * gap + 2 * size + bar), PAPER)
    drawing = ImageDraw.Draw(strip)
    drawing.text((2 * gap, gap), title, INK, font)
    left, right, top = 2 * gap, width - 2 * gap, 2 * gap + size
    colours = np.rint(_colours(np.linspace(0, 1, right - left))).astype(np.uint8)
    strip.paste(
        Image.fromarray(np.broadcast_to(colours, (bar, *colours.shape)).copy()), (left, top)
    )
    anchors = ("lt", *["mt"] * (TICKS - 2), "rt")
    for tick, (share, anchor) in enumerate(
        zip(np.linspace(0, highest, TICKS), anchors, strict=True)
    ):
        x = left + tick * (right - left) // (TICKS - 1)
        drawing.text((x, top + bar + gap), f"{share:.1%}", INK, font, anchor=anchor)
    return np.asarray(strip)
