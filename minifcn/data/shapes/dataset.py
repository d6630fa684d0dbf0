"""The embedded dataset: textured shapes, drawn when they are asked for, in VOC's conventions.

0 is background, 1..6 are the shapes, 255 is a thin band along every outline. Colour and texture
go with the class often, not always, so a net has to see the shape; and the shapes have thin
parts, so it matters at what stride the net decides, as in Table 2 of the paper.

Sample i of a split is a pure function of (seed, split, i). Nothing is downloaded or stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np

from minifcn.data.dataset import NOTHING, DataError, Defaults, Sample
from minifcn.data.hha import DepthWithHHA
from minifcn.data.palette import voc_palette
from minifcn.data.shapes.depth import FLOOR_LIGHT, camera_of, conceal, render_depth
from minifcn.data.shapes.outline import OUTLINES
from minifcn.data.shapes.render import Thing, render
from minifcn.data.shapes.turns import CLASSES, straighten, turn_labels
from minifcn.system.records import fits

_SPLITS = {"train": 0, "val": 1}
_LENGTHS = {"train": 2000, "val": 200}
_HEADS = ("both", "sem", "geo")
_INSET = 10  # no shape's centre is nearer to the border, pixels
_SCENE, _SINGLE, _ROOM = 0, 1, 2  # keeps random numbers apart, by what they are for


class ShapesDataset:
    """Scenes of two to five shapes that may overlap; a `Dataset`.

    Parameters
    ----------
    split : "train" or "val"
    size : (int, int)
        Height and width, pixels, at least 32. Larger images have more shapes, not larger ones.
    length : int, optional
        Number of samples; 2000 for "train", 200 for "val". Sample i does not depend on it.
    seed : int
        Another seed is another dataset.
    depth : bool
        The shapes stand in a room: samples have the extras "depth", in metres, and "hha". Some
        shapes are then hidden in colour, and some in depth: see depth.py.
    two_heads : bool
        Samples have the extra label "geo", which tells how the shapes are turned, and the shapes
        are turned so that it can be told: see turns.py.
    head : "both", "sem" or "geo"
        Which of the two label maps samples have; of one, it is their only label.

    Attributes
    ----------
    camera : Camera
        Of the depth maps.
    """

    name = "shapes"
    class_names: tuple[str, ...] = ("background", *OUTLINES)
    defaults = Defaults(
        pixels=128 * 128, images=6_000, small_rate=2e-2, batch_size=4, padding="same"
    )
    options: ClassVar[dict[str, str]] = {
        "depth": "draw them in a room with depth, for --modality",
        "two_heads": "say of each how it stands, in a second label map",
        "head": "with --two-heads: one label map alone, sem or geo (default: both)",
    }

    def __init__(
        self,
        split: str,
        size: tuple[int, int] = (128, 128),
        length: int | None = None,
        seed: int = 0,
        depth: bool = False,
        two_heads: bool = False,
        head: str = "both",
    ) -> None:
        if head not in (_HEADS if two_heads else _HEADS[:1]):
            raise DataError(f"--head {head}: shapes has sem and geo, and both, with --two-heads")
        self.split = split
        self.size = _checked_size(size)
        self.seed = seed
        self.depth = depth
        self.two_heads = two_heads
        self.head = head
        self.camera = camera_of(self.size)
        self.palette = voc_palette()
        if head == "geo":
            self.class_names = CLASSES
        both = two_heads and head == "both"
        self.extra_classes = {"geo": CLASSES} if both else {}
        self.extra_palettes = {"geo": voc_palette()} if both else {}
        self.ids = _names(split, length)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.ids)

    def __getitem__(self, index: int) -> Sample:
        """Draw sample `index`."""
        sample_id = self.ids[index]
        rng = _generator(self.seed, _SCENE, self.split, index)
        things = _scene(rng, self.size)
        extras: Mapping[str, np.ndarray] = NOTHING
        extra_labels: Mapping[str, np.ndarray] = NOTHING
        light: np.ndarray | float = 1.0
        if self.two_heads:
            things = [straighten(thing) for thing in things]
            extra_labels = {"geo": turn_labels(self.size, things)}
        if self.depth:
            room = _generator(self.seed, _ROOM, self.split, index)
            things = conceal(room, things)
            depth, floor = render_depth(room, self.size, things)
            extras = DepthWithHHA(depth, self.camera)
            light = np.where(floor, FLOOR_LIGHT, np.float32(1))
        image, label = render(rng, self.size, things, light)
        if self.head == "geo":
            label = extra_labels["geo"]
        if not self.extra_classes:
            extra_labels = NOTHING
        return Sample(sample_id, image, label, extras, extra_labels)


class ClassSample(NamedTuple):
    """One image with its class.

    Attributes
    ----------
    image : ndarray (H, W, 3), uint8
        RGB.
    label : int
        Class index, 0 .. number of classes - 1.
    extras, extra_labels
        Nothing; as of a `Sample`.
    """

    id: str
    image: np.ndarray
    label: int
    extras: Mapping[str, np.ndarray] = NOTHING
    extra_labels: Mapping[str, np.ndarray] = NOTHING


class ShapesClassification:
    """Images of one shape each, to pretrain a classifier before it becomes an FCN.

    Parameters
    ----------
    split, size, length, seed
        As for `ShapesDataset`. The classes are the shapes alone: 0 is the first shape.
    """

    name = "shapes-classification"
    class_names = tuple(OUTLINES)

    def __init__(
        self,
        split: str,
        size: tuple[int, int] = (64, 64),
        length: int | None = None,
        seed: int = 0,
    ) -> None:
        self.split = split
        self.size = _checked_size(size)
        self.seed = seed
        self.ids = _names(split, length)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.ids)

    def __getitem__(self, index: int) -> ClassSample:
        """Draw sample `index`."""
        sample_id = self.ids[index]
        rng = _generator(self.seed, _SINGLE, self.split, index)
        kind = int(rng.integers(len(OUTLINES)))
        height, width = self.size
        row, column = height / 2 + rng.uniform(-6, 6), width / 2 + rng.uniform(-6, 6)
        radius = rng.uniform(14, 0.45 * min(height, width))
        thing = Thing(kind, row, column, radius, rng.uniform(0, 2 * np.pi))
        return ClassSample(sample_id, render(rng, self.size, [thing])[0], kind)


def _scene(rng: np.random.Generator, size: tuple[int, int]) -> list[Thing]:
    """Draw at random which shapes stand where: 2 to 5 in 128 x 128 pixels, 28 to 72 wide."""
    height, width = size
    area = height * width / 128**2
    count = max(1, round(rng.integers(2, 6) * area))
    smallest, largest = min(14.0, 0.3 * min(size)), min(36.0, 0.4 * min(size))
    things: list[Thing] = []
    for _ in range(count):
        # The roomiest of three places: shapes overlap now and then, but do not pile up.
        places = rng.uniform(_INSET, np.subtract(size, _INSET), (3, 2))
        taken = np.array([(thing.row, thing.column) for thing in things]).reshape(-1, 1, 2)
        room = np.hypot(*(places - taken).T).min(axis=1, initial=np.inf)
        row, column = places[room.argmax()].tolist()
        kind = int(rng.integers(len(OUTLINES)))
        radius, angle = rng.uniform(smallest, largest), rng.uniform(0, 2 * np.pi)
        things.append(Thing(kind, row, column, radius, angle))
    return things


def _generator(seed: int, task: int, split: str, index: int) -> np.random.Generator:
    return np.random.default_rng((seed, task, _SPLITS[split], index))


def _names(split: str, length: int | None) -> list[str]:
    if split not in _SPLITS:
        raise DataError(f"shapes has the splits train and val, not {split!r}")
    count = _LENGTHS[split] if length is None else length
    if count < 1:
        raise DataError(f"shapes needs a length of at least 1, not {count}")
    return [f"{split}_{index:05d}" for index in range(count)]


def _checked_size(size: tuple[int, int]) -> tuple[int, int]:
    if len(size) != 2 or not all(fits(length, int) and length >= 32 for length in size):
        raise DataError(f"shapes needs a size (height, width) of at least 32, not {size}")
    height, width = size
    return height, width
