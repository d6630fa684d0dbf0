"""Outputs of a convolution that see nothing but zeros: which they are, so that they can be exact.

By the definition such an output is its bias, to the last bit. Winograd's method computes a tile of
outputs together: where some see an image and others zeros only, rounding makes of the zeros 1e-7
of the image's values. In a net whose biases are zero, as all are before training, a ReLU then lets
gradients pass or not by the sign of a rounding error, in half of the border of 100 pixels around
the image. So these outputs are found beforehand, and set to their bias.

To find none costs next to nothing. What a window of R x R zeros covers of the image has a pixel
of the lattice made of every R-th row and column and of the last ones. Of the lattice those pixels
are kept that are zero in the first channel, of these those that are in the second, and so on:
in a map of a trained net the last is gone after a dozen or two. Where there are many such outputs,
as around the image in a net that is not trained, they are left out, which saves more time.
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import numpy as np

from minifcn.backend import Array, array_module

Pair = tuple[int, int]
MANY = 32  # pixels; for more the exact answer is sooner had


class Sight(NamedTuple):
    """Which outputs of a convolution see more of an image than zeros."""

    rows: slice  # of outputs; what sees more lies in these rows
    columns: slice
    blind: Array | None  # bool (OH, OW), true where zeros are all; None if that is nowhere


def look(image: Array, kernel_size: int, pad: Pair) -> Sight:
    """Return which outputs of a convolution with stride 1 see more than zeros.

    Parameters
    ----------
    image : array (C, H, W)
        On a GPU `blind` is always made and nothing left out, so that nothing is waited for: one
        more pass over the image, and one over the outputs.
    kernel_size : int
        R, vertically and horizontally.
    pad : (int, int)
        Pixels of zeros on each side of the image.
    """
    xp = array_module(image)
    (h, w), (ph, pw), r = image.shape[1:], pad, kernel_size
    oh, ow = h + 2 * ph - r + 1, w + 2 * pw - r + 1
    everything = Sight(slice(0, oh), slice(0, ow), None)
    if xp is np and max(pad) < r and not _may_be_blind(image, r):
        return everything
    zero = xp.ones((h + 2 * ph, w + 2 * pw), bool)
    zero[ph : ph + h, pw : pw + w] = ~image.any(axis=0)
    below = reduce(xp.logical_and, [zero[a : a + oh] for a in range(r)])
    blind = reduce(xp.logical_and, [below[:, b : b + ow] for b in range(r)])
    if xp is not np:
        return everything._replace(blind=blind)
    if not blind.any():
        return everything
    return Sight(_span(~blind.all(axis=1)), _span(~blind.all(axis=0)), blind)


def seen_part(image: Array, sight: Sight, kernel_size: int, pad: Pair) -> tuple[Array, Pair]:
    """Return what the rows and columns of a sight see, as if it were a whole image.

    Returns
    -------
    part : array (C, H', W')
        A view of the image.
    pad : (int, int)
        Rows of zeros above the part, and columns of zeros to its left.
    """
    cuts, border = [], []
    for outputs, before in zip((sight.rows, sight.columns), pad, strict=True):
        first, end = outputs.start - before, outputs.stop - before + kernel_size - 1
        cuts.append(slice(max(0, first), max(0, end)))
        border.append(max(0, -first))
    return image[:, cuts[0], cuts[1]], (border[0], border[1])


def _may_be_blind(image: Array, kernel_size: int) -> bool:
    """Return whether a pixel of the lattice, and some that touch it, are zero in all channels."""
    xp = array_module(image)
    (h, w), pixels = image.shape[1:], image.reshape(len(image), -1)
    rows, columns = (xp.append(xp.arange(0, size, kernel_size), size - 1) for size in (h, w))
    zeros = (w * rows[:, None] + columns).ravel()
    for channel in pixels:
        zeros = zeros[channel[zeros] == 0]
        if not len(zeros):
            return False
        if _in_a_block(image, int(zeros[0])):
            return True
    return len(zeros) > MANY or any(_in_a_block(image, place) for place in zeros.tolist())


def _in_a_block(image: Array, place: int) -> bool:
    """Return whether a pixel lies in 2 x 2 zeros, as it does in every window of zeros."""
    y, x = divmod(place, image.shape[2])
    return not image[:, y, x].any() and any(
        not image[:, rows, columns].any()
        for rows in (slice(max(0, y - 1), y + 1), slice(y, y + 2))
        for columns in (slice(max(0, x - 1), x + 1), slice(x, x + 2))
    )


def _span(wanted: Array) -> slice:
    """Return the shortest slice that has all of a row that is wanted."""
    (places,) = wanted.nonzero()
    return slice(int(places[0]), int(places[-1]) + 1) if len(places) else slice(0, 0)
