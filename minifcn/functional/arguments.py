"""What the operations take: whole numbers, windows of them, maps of one floating-point type.

Whoever gives something else learns it here, in a sentence that names the operation, the argument,
its value and what is allowed, and not from a division by zero far below. Nothing here looks at the
values of an array, so that nothing waits for a device.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import index
from typing import Any

from minifcn.backend import Array

Pair = tuple[int, int]

FLOATS = "fd"  # float32 and float64, as a dtype's `char`: its name takes longer to make


def whole_number(what: str, value: Any, least: int) -> int:
    """Return a whole number as an int.

    Parameters
    ----------
    what : str
        The operation and the argument, as in "convolution: groups".
    value : int, or what else was given
    least : int
        The smallest number that is allowed.

    Raises
    ------
    ValueError
        If it is no whole number, or smaller.
    """
    try:
        number = index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise ValueError(f"{what} must be a whole number of at least {least}, not {value!r}")
    return number


def pair(what: str, value: Any, least: int) -> Pair:
    """Return (vertical, horizontal): a pair as it is, one number twice.

    Parameters and errors are those of `whole_number`, for both.
    """
    numbers = tuple(value) if isinstance(value, Iterable) else (value, value)
    if len(numbers) != 2:
        raise ValueError(f"{what} must be one number or two (vertical, horizontal), not {value!r}")
    return whole_number(what, numbers[0], least), whole_number(what, numbers[1], least)


def divide_channels(operation: str, groups: Any, *channels: int) -> int:
    """Return the number of groups, or raise ValueError if it does not divide all the channels."""
    groups = whole_number(f"{operation}: groups", groups, 1)
    if any(count % groups for count in channels):
        counts = " and ".join(str(count) for count in channels)
        raise ValueError(f"{operation}: {groups} groups cannot share {counts} channels equally")
    return groups


def image_shape(operation: str, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return the shape (N, C, H, W) of a batch of images.

    The batch may be empty. An image may not: windows move over pixels, and sum over channels.

    Raises
    ------
    ValueError
        If there are not four dimensions, or no channels or pixels.
    """
    if len(shape) != 4 or 0 in shape[1:]:
        raise ValueError(
            f"{operation}: expected a batch of images (N, C, H, W) with at least one channel and "
            f"one pixel, got the shape {shape}"
        )
    n, c, h, w = shape
    return n, c, h, w


def require_channels(operation: str, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless it is the shape of (N, C, ...) with at least one channel."""
    if len(shape) < 2 or shape[1] == 0:
        raise ValueError(
            f"{operation}: expected an array (N, C, ...) with at least one channel, got the shape "
            f"{shape}"
        )


def require_floats(operation: str, *arrays: Array | None) -> None:
    """Raise ValueError unless all arrays that are given are float32, or all float64."""
    dtypes = [array.dtype for array in arrays if array is not None]
    if dtypes[0].char not in FLOATS or dtypes.count(dtypes[0]) < len(dtypes):
        names = ", ".join(dtype.name for dtype in dtypes)
        raise ValueError(f"{operation}: expected arrays of float32, or all of float64, got {names}")


def require_bias(operation: str, bias: Array | None, filters: int) -> None:
    """Raise ValueError unless the bias, if there is one, has one number for each filter."""
    if bias is not None and bias.shape != (filters,):
        raise ValueError(f"{operation}: expected a bias of shape {(filters,)}, got {bias.shape}")
