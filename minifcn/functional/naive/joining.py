"""What joins the branches of a net, in plain loops: sum, maximum, concatenation, crop and scale.

None of them multiplies two of its inputs, but for the scale its weight. A value goes on to one
place of the output, or to none, and its gradient comes back from there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Pair = tuple[int, int]


def eltwise_sum(bottoms: Sequence[np.ndarray], coefficients: Sequence[float]) -> np.ndarray:
    """Add maps of one shape: y[p] = sum_k coefficients[k] * bottoms[k][p]."""
    y = np.zeros_like(bottoms[0])
    for coefficient, x in zip(coefficients, bottoms, strict=True):
        for at in np.ndindex(y.shape):
            y[at] += coefficient * x[at]
    return y


def eltwise_sum_backward(dy: np.ndarray, coefficients: Sequence[float]) -> list[np.ndarray]:
    """Return the gradient of each map: all of dy for every one, times its coefficient.

    L depends on bottoms[k][p] through y[p] alone, where it is the term coefficients[k] * it:

        ∂L/∂bottoms[k][p] = dy[p] * ∂y[p] / ∂bottoms[k][p]
                          = dy[p] * coefficients[k]

    A sum hands its gradient on to each of its terms; it is not shared out among them.
    """
    gradients = [np.zeros_like(dy) for _ in coefficients]
    for coefficient, dx in zip(coefficients, gradients, strict=True):
        for at in np.ndindex(dy.shape):
            dx[at] += dy[at] * coefficient
    return gradients


def eltwise_max(bottoms: Sequence[np.ndarray]) -> np.ndarray:
    """Take the largest of maps of one shape: y[p] = max_k bottoms[k][p]."""
    y = np.zeros_like(bottoms[0])
    for at in np.ndindex(y.shape):
        y[at] = max(x[at] for x in bottoms)
    return y


def eltwise_max_backward(dy: np.ndarray, bottoms: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the gradient of each map: dy where it is the largest, and zeros elsewhere.

    y[p] is one of the values at p, the first of the largest. A small change of that one changes y
    by as much, one of the others does not change it:

        ∂L/∂bottoms[k][p] = dy[p] * ∂y[p] / ∂bottoms[k][p]
                          = dy[p] if bottoms[k][p] is the first of the largest at p, else 0

    Which map learns at p switches as soon as another becomes the largest there.
    """
    gradients = [np.zeros_like(dy) for _ in bottoms]
    for at in np.ndindex(dy.shape):
        values = [x[at] for x in bottoms]
        gradients[values.index(max(values))][at] += dy[at]
    return gradients


def concat(bottoms: Sequence[np.ndarray]) -> np.ndarray:
    """Put maps behind each other: y[n, first_k + c, i, j] = bottoms[k][n,c,i,j].

    first_k is the number of channels of all maps before number k.
    """
    n_images, _, h, w = bottoms[0].shape
    y = np.zeros((n_images, sum(x.shape[1] for x in bottoms), h, w), bottoms[0].dtype)
    first = 0
    for x in bottoms:
        for n, c, i, j in np.ndindex(x.shape):
            y[n, first + c, i, j] = x[n, c, i, j]
        first += x.shape[1]
    return y


def concat_backward(dy: np.ndarray, channels: Sequence[int]) -> list[np.ndarray]:
    """Return the gradient of each map, of so many channels each: its own part of dy.

    bottoms[k][n,c,i,j] is one value of y and no part of any other, so the sum of the chain rule has
    one term, with the derivative 1:

        ∂L/∂bottoms[k][n,c,i,j] = dy[n, first_k + c, i, j] * 1
    """
    n_images, _, h, w = dy.shape
    gradients, first = [], 0
    for count in channels:
        dx = np.zeros((n_images, count, h, w), dy.dtype)
        for n, c, i, j in np.ndindex(dx.shape):
            dx[n, c, i, j] = dy[n, first + c, i, j]
        gradients.append(dx)
        first += count
    return gradients


def crop(x: np.ndarray, offset: Pair, size: Pair) -> np.ndarray:
    """Cut out a part of `size` pixels: y[n,c,i,j] = x[n, c, top + i, left + j]."""
    (top, left), (h, w) = offset, size
    y = np.zeros((*x.shape[:2], h, w), x.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        y[n, c, i, j] = x[n, c, top + i, left + j]
    return y


def crop_backward(dy: np.ndarray, x_shape: tuple[int, ...], offset: Pair) -> np.ndarray:
    """Return dx: dy where the part was, and zeros around it.

    x[n,c,p,q] is y[n, c, p - top, q - left], with derivative 1, if that lies within y. Otherwise it
    is in no term of the loss, and no change of it changes the loss:

        dx[n,c,p,q] = dy[n, c, p - top, q - left] if that exists, else 0
    """
    top, left = offset
    dx = np.zeros(x_shape, dy.dtype)
    for n, c, i, j in np.ndindex(dy.shape):
        dx[n, c, top + i, left + j] = dy[n, c, i, j]
    return dx


def scale(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Multiply each channel by its factor: y[n,c,i,j] = weight[c] * x[n,c,i,j]."""
    y = np.zeros_like(x)
    for n, c, i, j in np.ndindex(x.shape):
        y[n, c, i, j] = weight[c] * x[n, c, i, j]
    return y


def scale_backward(
    dy: np.ndarray, x: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return dx and dweight: each factor of a product receives dy times the other one.

    A value is in one product, a factor in those of its channel in all images and at all pixels:

        dx[n,c,i,j] = dy[n,c,i,j] * ∂y[n,c,i,j] / ∂x[n,c,i,j] = dy[n,c,i,j] * weight[c]
        dweight[c]  = sum_{n,i,j} dy[n,c,i,j] * ∂y[n,c,i,j] / ∂weight[c]
                    = sum_{n,i,j} dy[n,c,i,j] * x[n,c,i,j]
    """
    dx, dweight = np.zeros_like(x), np.zeros_like(weight)
    for n, c, i, j in np.ndindex(dy.shape):
        dx[n, c, i, j] = dy[n, c, i, j] * weight[c]
        dweight[c] += dy[n, c, i, j] * x[n, c, i, j]
    return dx, dweight
