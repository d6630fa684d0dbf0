"""What the wrong entries of a gradient have in common: a hint at the mistake behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product

import numpy as np

from minifcn.net.differences import Wrong

SAME = 1e-6  # relative to the largest value: what differences agree to, with room


def differing(expected: np.ndarray, got: np.ndarray, tolerance: float = SAME) -> np.ndarray:
    """Return where two arrays differ by more than the tolerance, relative to the largest value."""
    largest = max(abs(expected).max(initial=0), 1e-8)
    return ~(abs(expected - got) <= tolerance * largest)  # a NaN is never less


def worst(
    expected: np.ndarray, got: np.ndarray, where: np.ndarray, count: int
) -> tuple[Wrong, ...]:
    """Return the entries that are farthest off, the worst first."""
    off = np.where(where, np.nan_to_num(abs(expected - got), nan=np.inf), -1)
    order = np.argsort(-off, axis=None, kind="stable")[: min(count, int(where.sum()))]
    indices = [tuple(map(int, np.unravel_index(place, off.shape))) for place in order]
    return tuple(Wrong(index, float(expected[index]), float(got[index])) for index in indices)


def hints(
    expected: np.ndarray,
    got: np.ndarray,
    *,
    sizes: Mapping[str, float],
    axes: Sequence[str] = (),
    places: Mapping[str, np.ndarray] | None = None,
    tolerance: float = SAME,
) -> list[str]:
    """Say what the wrong entries have in common, each a clause; none if nothing was found.

    Parameters
    ----------
    expected, got : arrays of one shape
    sizes : mapping of str to float
        What a factor may have come from, such as the number of images.
    axes : sequence of str
        What an axis counts: "image", "channel", "row", "column".
    places : mapping of str to bool array, optional
        What is special about some entries, as in "where the label is ignored".
    tolerance : float
        Relative to the largest value.
    """
    wrong = differing(expected, got, tolerance)
    if not np.isfinite(got).all():
        return [*_places(wrong, axes, places or {}), "not finite: a division by 0, or a log of 0?"]
    if wrong.any() and not got.any():
        return ["all of it is 0: is it ever added to?"]
    said = [*_places(wrong, axes, places or {})]
    if ratio := common_ratio(expected[wrong], got[wrong]):
        factor = ratio_hint(ratio, sizes)
        if wrong.sum() > 1 or ":" in factor:  # one entry has a ratio of its own in any case
            return [*said, factor]
    return [*said, *_rearranged(expected, got, axes), *_moved(expected, got, axes)]


def common_ratio(expected: Sequence[float], got: Sequence[float]) -> float | None:
    """Return the ratio of all entries, if it is the same and not 0."""
    one, other = np.asarray(expected, float), np.asarray(got, float)
    if not one.size or not one.any():
        return None
    ratio = float((one * other).sum() / (one * one).sum())
    same = abs(other - ratio * one).max() <= 1e-5 * abs(other).max()
    return ratio if same and ratio and not _near(ratio, 1) else None


def ratio_hint(ratio: float, sizes: Mapping[str, float]) -> str:
    """Say what a factor on all entries may come from."""
    opposite, ratio = ratio < 0, abs(ratio)
    sign = "of the opposite sign" if opposite else ""
    if _near(ratio, 1):
        return f"{sign}: a minus too many, or one too few?"
    named = [name for name, size in sizes.items() if _near(ratio, size) and not _near(size, 1)]
    inverse = [name for name, size in sizes.items() if _near(1 / ratio, size)]
    if _near(ratio, 2):
        said, guess = "twice as large", ["a factor 2", *named]
    elif _near(ratio, 0.5):
        said, guess = "half as large", ["a factor 2 missing", *(f"divided by {n}" for n in inverse)]
    else:
        said = f"{ratio:.4g} times as large"
        guess = [f"a factor of {name}" for name in named]
        guess += [f"divided by {name}" for name in inverse]
    both = " and ".join(part for part in (sign, said) if part)
    return f"{both}: {', or '.join(guess)}?" if guess else both


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-4 * abs(other)


def _places(
    wrong: np.ndarray, axes: Sequence[str], places: Mapping[str, np.ndarray]
) -> Iterator[str]:
    """Say where the wrong entries lie, if it is in a part only."""
    if not wrong.any() or wrong.all():
        return
    for name, place in places.items():
        here = np.broadcast_to(place, wrong.shape)
        if not (wrong & ~here).any():
            yield f"only {name}"
    if wrong.sum() > 1:
        found = [set(np.argwhere(wrong)[:, axis].tolist()) for axis in range(len(axes))]
        shared = [
            f"{name} {min(indices)}"
            for name, indices, size in zip(axes, found, wrong.shape, strict=False)
            if len(indices) == 1 and size > 1
        ]
        if shared:
            yield f"only in {', '.join(shared)}"


def _rearranged(expected: np.ndarray, got: np.ndarray, axes: Sequence[str]) -> Iterator[str]:
    """Say by which exchange of axes, or reversal of them, the numbers would be right."""
    names = [*axes, *(f"axis {axis}" for axis in range(len(axes), expected.ndim))]
    numbers = range(expected.ndim)
    for one, other in combinations(numbers, 2):
        exchanged = expected.swapaxes(one, other)
        if exchanged.shape == got.shape and not differing(exchanged, got).any():
            yield f"the right numbers, but {names[one]} and {names[other]} are exchanged"
            return
    for count in range(1, expected.ndim + 1):
        for turned in combinations(reversed(numbers), count):
            if not differing(np.flip(expected, turned), got).any():
                which = " and ".join(names[axis] for axis in sorted(turned))
                yield f"the right numbers, but {which} run backwards"
                return


def _moved(expected: np.ndarray, got: np.ndarray, axes: Sequence[str]) -> Iterator[str]:
    """Say by how many rows and columns the numbers are in the wrong place."""
    if expected.ndim < 4:
        return
    height, width = expected.shape[-2:]
    ways = product(range(1 - height, height), range(1 - width, width))
    for down, right in sorted(ways, key=lambda way: abs(way[0]) + abs(way[1])):
        here = expected[(..., _from(-down, height), _from(-right, width))]
        there = got[(..., _from(down, height), _from(right, width))]
        if here.size < 4 or not here.any() or differing(here, there).any():
            continue
        ways_off = ((down, axes[-2], "down", "up"), (right, axes[-1], "right", "left"))
        said = [
            f"{abs(n)} {name}{'s' if abs(n) > 1 else ''} too far {one if n > 0 else other}"
            for n, name, one, other in ways_off
            if n
        ]
        yield f"the right numbers, but {' and '.join(said)}"
        return


def _from(shift: int, size: int) -> slice:
    """Return the part of an axis that something moved by `shift` still lies on."""
    return slice(max(0, shift), size + min(0, shift))
