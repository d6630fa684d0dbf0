"""The matrices behind Winograd convolution, after Toom and Cook.

The product of two polynomials with r and m coefficients has n = r + m - 1 coefficients, so it is
known from its values at n points: evaluate both factors there, multiply the n pairs of values,
interpolate. Evaluating is a matrix with a row (1, p, p^2, ...) for each point p; interpolating is
the inverse of the square one. For a fixed first factor the product is linear in the second, and
the transpose of that linear map is a correlation of r weights with n inputs. So a correlation
too takes n products in place of r * m:

    y = A' [(G g) * (B' d)]          d: n inputs, g: r weights, y: m outputs, *: value by value
    Y = A' [(G g G') * (B' d B)] A   the same along both axes of a tile, n * n products

G evaluates the weights; A' is evaluation transposed, B' interpolation transposed. Row p of the
interpolation is the polynomial that vanishes at the other points, divided by its value at p;
the division is left to G. One point lies at infinity, where the value of a polynomial is its
leading coefficient, which keeps the numbers small.

Which points. Every set gives the exact result; in floating point they differ, because powers of
large, small and neighbouring points lose digits. Others choose 0, +-1 and +-2, whose matrices
cost few additions. Here they are multiplied as matrices anyway, so the points are those that
lose least. Largest error in float32, relative to the largest output, 3 x 3 kernels, normal data:

    channels                              64        512
    0, +-1, +-2, infinity               5e-6       1e-5
    SIX                                 2e-6       4e-6
    EIGHT                               8e-6       2e-5

Source: Toom 1963; Cook 1966; Winograd 1980; Lavin & Gray 2016, arXiv 1509.09308.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import prod
from types import ModuleType
from typing import Any, NamedTuple

from minifcn.backend import Array

Points = tuple[float, ...]

# The finite ones; infinity is always there. The numbers were found by a search over such sets.
SIX: Points = (0, 2 / 3, -2 / 3, 3 / 2, -3 / 2)
EIGHT: Points = (0, 1 / 2, -1 / 2, 1, -1, 2, -2)


class Matrices(NamedTuple):
    """For P points and R weights, M = P + 1 - R outputs."""

    data: Array  # (P, P)    B': inputs of a tile -> points
    weight: Array  # (P, R)  G:  weights -> points
    output: Array  # (M, P)  A': points -> outputs of a tile


@cache
def toom_cook(xp: ModuleType, points: Points, kernel_size: int, dtype: Any) -> Matrices:
    """Return the three matrices for `points` and infinity, on the device of `xp`."""
    outputs = len(points) + 2 - kernel_size
    data, weight, output = [], [], []
    for point in points:
        others = [other for other in points if other != point]
        scale = prod(point - other for other in others)
        data.append([*_coefficients(others), 0.0])
        weight.append([power / scale for power in _powers(point, kernel_size)])
        output.append(_powers(point, outputs))
    # At infinity: only the leading coefficient counts.
    data.append(_coefficients(points))
    weight.append([0.0] * (kernel_size - 1) + [1.0])
    output.append([0.0] * (outputs - 1) + [1.0])
    return Matrices(xp.array(data, dtype), xp.array(weight, dtype), xp.array(output, dtype).T)


def _powers(point: float, count: int) -> list[float]:
    return [float(point**exponent) for exponent in range(count)]


def _coefficients(roots: Sequence[float]) -> list[float]:
    """Return the coefficients of the product of all (x - root), the constant one first."""
    result = [1.0]
    for root in roots:  # times x, minus root times itself
        result = [
            shifted - root * here
            for shifted, here in zip([0.0, *result], [*result, 0.0], strict=True)
        ]
    return result
