"""The mean of what a net says of an image at several sizes, and of its mirror images.

For each scale the image is resized, bicubically, which is a mean over the pixels that are covered
where it shrinks. The net computes scores of it, whole or in tiles; their softmax is p(s), and of
the mirror image, turned back, p'(s). Brought back to the size of the image bilinearly, they are
averaged:

    p = 1 / looks * sum over scales s of resize(p(s) + p'(s)),    class = argmax p

Probabilities are averaged and not scores, so that no look outvotes the others because its scores
are larger; one look at another size goes the same way. Resizing is done on the host.

In memory are the probabilities of each scale at its own size, and of the image's size only some
rows, unless they are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, prod
from types import ModuleType

import numpy as np
from PIL import Image

from minifcn.backend import Array, parallel_map, to_device
from minifcn.data.dataset import DataError
from minifcn.data.inputs import NEEDS
from minifcn.inference.model import Model
from minifcn.inference.scores import (
    Eye,
    Picture,
    add_probabilities,
    free_memory,
    refuse_without_memory,
    scores_by_tile,
    strips,
)
from minifcn.inference.tiles import Area
from minifcn.net.heads import net_heads

RESIZED = 16  # bytes that a pixel of a resized image takes, with depth and Pillow's own copy

Size = tuple[int, int]


def several_looks(
    model: Model,
    picture: Picture,
    xp: ModuleType,
    probabilities: Mapping[str, np.ndarray] | None = None,
) -> dict[str, Array]:
    """Return the label map of each head by the mean of the model's looks, on the device of `xp`.

    Parameters
    ----------
    model : Model
        Whose `looks` say how.
    picture : Picture
    xp : module
    probabilities : mapping of str to float32 array (C, H, W), optional
        Of each head, to be filled with the mean; on the host.

    Returns
    -------
    dict of str to uint8 array (H, W), or uint16 for more than 256 classes
        The class with the largest mean, the lowest one of several.

    Raises
    ------
    DataError
        If there is not enough memory, or the image is too small at one of the scales.
    """
    heads, size = net_heads(model.net), picture.size
    eye = Eye(model.net, heads, model.preprocess, model.spec.modality, xp)
    names = (model.class_names, *model.extra_classes.values())
    classes = {head.name: len(of_head) for head, of_head in zip(heads, names, strict=True)}
    sizes = {scale: resized_size(size, scale) for scale in model.looks.scales}
    needed = 4 * sum(classes.values()) * sum(map(prod, sizes.values()))
    needed += RESIZED * max(map(prod, sizes.values()))
    wanted = probabilities or {}
    needed += sum(array.nbytes for array in wanted.values())
    refuse_without_memory(
        needed,
        f"images of {size[0]} x {size[1]} pixels, looked at {model.looks},",
        "look at them once (--scales 1 --no-mirror, in Python looks=Looks()), or scale them down",
    )
    available = free_memory(xp, needed)
    sums = [
        _at_scale(eye, picture, scale, model.looks.mirror, classes, available) for scale in sizes
    ]
    labels = {}
    for name in classes:
        maps = [one[name] for one in sums]
        label = _classes_of_mean(maps, len(model.looks), size, wanted.get(name))
        labels[name] = to_device(label, xp)
    return labels


def _at_scale(
    eye: Eye,
    picture: Picture,
    scale: float,
    mirror: bool,
    classes: Mapping[str, int],
    available: int | None,
) -> dict[str, np.ndarray]:
    """Return the probabilities of each head at a scale, float32 (C, h, w), summed over its looks.

    `classes` counts those of each head, `available` is memory for the net.
    """
    size = resized_size(picture.size, scale)
    sums = {name: np.zeros((count, *size), np.float32) for name, count in classes.items()}
    view = resized(picture, size, eye.modality)

    def look(step: int) -> None:  # step -1: from right to left
        def use(area: Area, scores: dict[str, Array]) -> None:
            for name, of_head in scores.items():
                add_probabilities(of_head, sums[name][..., ::step][(slice(None), *area)])

        scores_by_tile(eye, _turned(view, step), use, available)

    try:
        look(1)
        if mirror:
            look(-1)
    except DataError as error:
        height, width = picture.size
        raise DataError(
            f"an image of {height} x {width} pixels at {scale:g} of its size: {error}"
        ) from error
    return sums


def _classes_of_mean(
    maps: Sequence[np.ndarray], looks: int, size: Size, probabilities: np.ndarray | None
) -> np.ndarray:
    """Return the classes by the mean of all looks, (H, W); write it, if there is a place for it."""
    classes = len(maps[0])
    label = np.empty(size, np.min_scalar_type(classes - 1))
    for rows in strips((classes, *size)):
        mean = np.zeros((classes, rows.stop - rows.start, size[1]), np.float32)
        for one in maps:
            mean += rows_resized(one, size, rows)
        mean /= looks
        label[rows] = mean.argmax(axis=0)
        if probabilities is not None:
            probabilities[:, rows] = mean
    return label


def _turned(picture: Picture, step: int) -> Picture:
    """Return a picture, or its mirror image for a step of -1, as a view."""
    extras = {name: array[:, ::step] for name, array in picture.extras.items()}
    return Picture(picture.image[:, ::step], extras)


def resized_size(size: Size, scale: float) -> Size:
    """Return the height and width of an image at a scale: rounded, at least one pixel."""
    height, width = (max(1, round(side * scale)) for side in size)
    return height, width


def resized(picture: Picture, size: Size, modality: str) -> Picture:
    """Resize what a net sees of a picture; of the extras nothing else is left.

    The image and HHA, which is known everywhere, bicubically. A depth is that of the nearest pixel:
    where it is not known there is nothing to take a mean of.
    """
    if size == picture.size:
        return picture
    extras = {name: array for name, array in picture.extras.items() if name in NEEDS[modality]}
    if "depth" in extras:
        depth = extras["depth"]
        rows, columns = (
            ((np.arange(new) + 0.5) * (old / new)).astype(int)
            for new, old in zip(size, depth.shape, strict=True)
        )
        extras["depth"] = depth[np.ix_(rows, columns)]
    if "hha" in extras:
        extras["hha"] = _smoothly(extras["hha"], size)
    return Picture(_smoothly(picture.image, size), extras)


def _smoothly(image: np.ndarray, size: Size) -> np.ndarray:
    small = Image.fromarray(image).resize((size[1], size[0]), Image.Resampling.BICUBIC)
    return np.asarray(small)


def rows_resized(maps: np.ndarray, size: Size, rows: slice) -> np.ndarray:
    """Return some rows of maps that are resized bilinearly, without the others.

    Parameters
    ----------
    maps : float32 array (C, h, w)
    size : (int, int)
        Height and width that the maps are resized to. Where they shrink, each value is a mean,
        weighted linearly, over what it covers.
    rows : slice
        Of these.

    Returns
    -------
    float32 array (C, rows, W)
    """
    classes, height, width = maps.shape
    if (height, width) == size:
        return maps[:, rows]
    step = height / size[0]
    reach = ceil(max(1.0, step)) + 1  # rows beyond those that are covered that still have a weight
    first = max(0, int(rows.start * step) - reach)
    end = min(height, ceil(rows.stop * step) + reach)
    box = (0.0, rows.start * step - first, float(width), min(rows.stop * step, height) - first)
    target = (size[1], rows.stop - rows.start)
    part = np.empty((classes, *target[::-1]), np.float32)

    def resize(number: int) -> None:
        one = Image.fromarray(maps[number, first:end])
        part[number] = np.asarray(one.resize(target, Image.Resampling.BILINEAR, box))

    parallel_map(np, resize, range(classes))
    return part
