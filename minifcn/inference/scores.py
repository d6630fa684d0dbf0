"""The scores of an image, a piece of it at a time: all of them at once may be too many to keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import NamedTuple

import numpy as np

from minifcn.backend import Array, array_module, to_device, to_host
from minifcn.data.dataset import NOTHING, DataError
from minifcn.data.inputs import net_inputs
from minifcn.data.transforms import Preprocess
from minifcn.functional.softmax import softmax
from minifcn.inference.tiles import SHARE, Area, Tile, fitting_tiles
from minifcn.net import Net
from minifcn.net.heads import Head
from minifcn.system.devices import device_memory
from minifcn.system.machine import gigabytes, memory

FIRST_PIXEL = (slice(0, 1), slice(0, 1))
VALUES = 1 << 23  # scores that are looked at together


class Picture(NamedTuple):
    """What a net is to look at.

    Attributes
    ----------
    image : uint8 array (H, W, 3), RGB
    extras : mapping of str to array
        "depth" or "hha", for a net that sees them; see `data.inputs.net_inputs`.
    """

    image: np.ndarray
    extras: Mapping[str, np.ndarray] = NOTHING

    @property
    def size(self) -> tuple[int, int]:
        """Return height and width."""
        return self.image.shape[0], self.image.shape[1]


class Eye(NamedTuple):
    """What looks at pictures: a net, those of its heads that are asked, and how it sees."""

    net: Net
    heads: Sequence[Head]
    preprocess: Preprocess
    modality: str
    xp: ModuleType

    def inputs(self, picture: Picture, area: Area) -> dict[str, np.ndarray]:
        """Return what the net is given of a part of a picture."""
        parts = {name: array[area] for name, array in picture.extras.items()}
        return net_inputs(picture.image[area], parts, self.preprocess, self.modality)


def scores_by_tile(
    eye: Eye,
    picture: Picture,
    use: Callable[[Area, dict[str, Array]], None],
    available: int | None,
) -> None:
    """Compute the scores of a picture, whole if there is memory enough, else in tiles.

    Parameters
    ----------
    eye : Eye
    picture : Picture
    use : callable
        Given a part of the picture and its scores (C, H, W), on the device, of each head by its
        name. Together the parts are the picture, and none comes twice.
    available : int or None
        Bytes of the device's memory; see `free_memory`.

    Raises
    ------
    DataError
        If there is not enough memory even for tiles, or the image is smaller than a window needs.
    """
    net, heads, xp = eye.net, eye.heads, eye.xp
    channels = {name: len(pixel) for name, pixel in eye.inputs(picture, FIRST_PIXEL).items()}
    scores = [head.score for head in heads]
    refuse_too_small(net, channels, picture.size)

    def look(tile: Tile) -> None:  # a function: its scores go before the next tile
        inputs = {k: to_device(a[None], xp) for k, a in eye.inputs(picture, tile.seen).items()}
        outputs, _ = net.forward(inputs, outputs=scores)
        kept = {head.name: outputs[head.score][(0, ..., *tile.inner)] for head in heads}
        use(tile.kept, kept)

    for tile in fitting_tiles(net, scores, channels, picture.size, available, xp):
        look(tile)


def refuse_too_small(net: Net, channels: Mapping[str, int], size: tuple[int, int]) -> None:
    """Raise DataError if a window of the net finds no place in an image of this size."""
    try:
        net.shapes(**{name: (1, count, *size) for name, count in channels.items()})
    except ValueError as error:
        raise DataError(
            f"an image of {size[0]} x {size[1]} pixels is too small for the net ({error})"
        ) from error


def free_memory(xp: ModuleType, taken: int = 0) -> int | None:
    """Return how much of the device's memory is free; None if that is not known.

    Parameters
    ----------
    xp : module
    taken : int
        Bytes on the host that are as good as taken: memory is, at the first touch.
    """
    free = device_memory(xp).available
    return free - taken if free is not None and xp is np else free


def refuse_without_memory(needed: int, what: str, advice: str) -> None:
    """Raise DataError if something on the host takes more than half of the memory that is free."""
    free = memory().available
    if free is not None and needed > SHARE * free:
        raise DataError(
            f"{what} take {gigabytes(needed)} of memory, and there is "
            f"{gigabytes(int(SHARE * free))} (half of what is free): {advice}"
        )


def classes_of(scores: Array) -> Array:
    """Return the class of the highest score, some rows at a time: argmax needs a copy of them.

    Of (C, H, W) that is uint8 (H, W), or uint16 for more than 256 classes; the lowest class wins
    a tie.
    """
    xp = array_module(scores)
    label = xp.empty(scores.shape[1:], np.min_scalar_type(len(scores) - 1))
    for part in strips(scores.shape):
        label[part] = scores[:, part].argmax(axis=0)
    return label


def add_probabilities(scores: Array, to: np.ndarray) -> None:
    """Add the probability of each class to an array on the host, some rows at a time."""
    for part in strips(scores.shape):
        to[:, part] += to_host(softmax(scores[None, :, part])[0])


def strips(shape: tuple[int, ...]) -> Iterator[slice]:
    """Cut the rows of scores (C, H, W) into pieces of about `VALUES` values."""
    classes, height, width = shape
    rows = max(1, VALUES // (classes * width))
    for start in range(0, height, rows):
        yield slice(start, min(start + rows, height))
