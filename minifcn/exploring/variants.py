"""What else a net could have been shown: the image without its background, and moved a little."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from minifcn.data.transforms import Preprocess, translate
from minifcn.exploring.values import Arrays


class Variant(NamedTuple):
    """Another input for the net: its name, what is different, the image, and a note."""

    name: str
    label: str
    image: np.ndarray
    note: str


def variants(image: np.ndarray, foreground: np.ndarray, preprocess: Preprocess) -> list[Variant]:
    """Return the image with its background masked, and moved to the right by a pixel.

    The image is uint8 (H, W, 3), RGB, its foreground bool (H, W). Hidden pixels get the mean colour
    of the preprocessing: the net then sees 0 there, nearly.
    """
    mean = np.array(preprocess.mean if preprocess.order == "RGB" else preprocess.mean[::-1])
    colour = np.rint(mean).astype(np.uint8)
    masked = np.where(foreground[..., None], image, colour)
    channels = image.transpose(2, 0, 1)
    moved = np.stack([translate(c, 0, 1, float(f)) for c, f in zip(channels, colour, strict=True)])
    return [
        Variant(
            "masked",
            "background masked",
            masked,
            "what is no thing has the mean colour, which the net sees as 0 or nearly so: what it "
            "still recognises it knows by the things alone",
        ),
        Variant(
            "shifted",
            "moved right by a pixel",
            np.ascontiguousarray(moved.transpose(1, 2, 0)),
            "a map of stride 1 moves with the image; in coarser ones the same things are seen by "
            "other phases of the strides, and change a little (the answer is moved back)",
        ),
    ]


def changes(before: Arrays, after: Arrays, strides: Mapping[str, Fraction]) -> dict[str, float]:
    """Return how much the values of each stage differ when the image is moved right by a pixel.

    ||f(moved) - moved f(image)|| / ||f(image)||, where f is moved by its own pixel if its stride is
    1, and left where it is if that is coarser. The column that comes into view does not count.
    """
    found = {}
    for name, stride in strides.items():
        old, new = before[name].astype(np.float64), after[name].astype(np.float64)
        if stride == 1:
            old, new = old[..., :-1], new[..., 1:]
        norm = float(np.linalg.norm(old))
        found[name] = float(np.linalg.norm(new - old)) / norm if norm else 0.0
    return found
