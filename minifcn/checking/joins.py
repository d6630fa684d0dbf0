"""The layers that join the branches of a net, to be checked: functions as those in `layers.py`."""

from __future__ import annotations

import numpy as np

from minifcn.checking.case import Arrays, Case, Way, drawn, plain, through
from minifcn.checking.layers import MAPS
from minifcn.functional import naive
from minifcn.functional.arguments import Pair
from minifcn.layers import Concat, Crop, EltwiseMax, EltwiseSum, Scale


def eltwise_sum(
    *,
    images: int = 2,
    channels: int = 3,
    size: Pair = (5, 4),
    inputs: int = 2,
    weighted: bool = False,
) -> Case:
    """Return a sum of maps, each with a coefficient if it is weighted."""
    coefficients = [1 / (1 + number) if weighted else 1 for number in range(inputs)]
    layer = EltwiseSum(coefficients if weighted else None)
    arrays = drawn(**{f"x{number}": (images, channels, *size) for number in range(inputs)})
    loops = plain(
        lambda *xs: naive.eltwise_sum(xs, coefficients),
        lambda dy: tuple(naive.eltwise_sum_backward(dy, coefficients)),
        takes=(),
    )
    ways = [loops, Way("layers/eltwise.py", through(layer, *arrays))]
    return Case(arrays, ways, _values(arrays))


def eltwise_max(
    *,
    images: int = 2,
    channels: int = 3,
    size: Pair = (5, 4),
    inputs: int = 2,
    ties: bool = False,
) -> Case:
    """Return the largest of several maps; with ties they are whole numbers."""
    arrays = drawn(**{f"x{number}": (images, channels, *size) for number in range(inputs)})
    if ties:
        arrays = {name: np.round(x) for name, x in arrays.items()}
    loops = plain(
        lambda *xs: naive.eltwise_max(xs),
        lambda dy, *xs: tuple(naive.eltwise_max_backward(dy, xs)),
        takes=tuple(arrays),
    )
    ways = [loops, Way("layers/eltwise.py", through(EltwiseMax(), *arrays))]
    return Case(arrays, ways, _values(arrays))


def concat(*, images: int = 2, channels: int = 3, size: Pair = (5, 4), inputs: int = 2) -> Case:
    """Return a concatenation of maps, each with a channel less than the one before it."""
    shapes = {f"x{number}": (images, max(1, channels - number), *size) for number in range(inputs)}
    arrays, counts = drawn(**shapes), [shape[1] for shape in shapes.values()]
    loops = plain(
        lambda *xs: naive.concat(xs),
        lambda dy: tuple(naive.concat_backward(dy, counts)),
        takes=(),
    )
    ways = [loops, Way("layers/eltwise.py", through(Concat(), *arrays))]
    return Case(arrays, ways, _values(arrays))


def crop(
    *,
    images: int = 2,
    channels: int = 3,
    size: Pair = (7, 7),
    to: Pair = (4, 5),
    offset: Pair = (1, 2),
) -> Case:
    """Return a crop to the size of another map."""
    reference = np.zeros((images, 1, *to))
    arrays = drawn(x=(images, channels, *size))
    loops = plain(
        lambda x: naive.crop(x, offset, to),
        lambda dy: naive.crop_backward(dy, arrays["x"].shape, offset),
        takes=(),
    )
    run = through(Crop(offset), "x", fixed=[reference])
    return Case(arrays, [loops, Way("layers/crop.py", run)], _values(arrays), axes=MAPS)


def scale(*, images: int = 2, channels: int = 3, size: Pair = (5, 4)) -> Case:
    """Return a product of each channel with its factor."""
    arrays = drawn(x=(images, channels, *size), weight=(channels,))
    loops = plain(naive.scale, naive.scale_backward, takes=("x", "weight"))
    ways = [loops, Way("layers/scale.py", through(Scale(channels), "x"))]
    return Case(arrays, ways, _values(arrays), axes={**MAPS, "weight": ("channel",)})


def _values(arrays: Arrays) -> int:
    return sum(array.size for array in arrays.values())
