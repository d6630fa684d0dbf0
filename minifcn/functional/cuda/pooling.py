"""Max pooling on a GPU, with the place of the winner for the way back.

Twins: `_find_maxima` and `_to_winners` in `minifcn/functional/pooling.py`.
"""

from __future__ import annotations

from typing import Any

from minifcn.backend import Array, array_module
from minifcn.functional.cuda.launch import launch
from minifcn.functional.window import PoolWindow

# A thread looks through one window, row by row as the plain version does. A NaN wins and stays, as
# it does in numpy.maximum, so that it shows; the place does not follow it there either.
MAX_POOL = """
extern "C" __global__ void max_pool(
    Index count, const Real* __restrict__ x, Real* __restrict__ y, Place* __restrict__ argmax,
    Real lowest, Index h, Index w, Index oh, Index ow,
    Index kh, Index kw, Index sh, Index sw, Index ph, Index pw, Index dh, Index dw)
{
    FOR_EACH(number, count) {  // count = N * C * OH * OW
        const Index j = number % ow, i = number / ow % oh, plane = number / ow / oh;
        const Real* image = x + plane * h * w;
        Real best = lowest;  // what the padding counts as
        Index place = 0;
        for (Index a = 0; a < kh; ++a) {
            const Index row = i * sh - ph + a * dh;
            if (row < 0 || row >= h) continue;
            Real best_of_row = lowest;
            Index place_in_row = 0;
            for (Index b = 0; b < kw; ++b) {
                const Index column = j * sw - pw + b * dw;
                if (column < 0 || column >= w) continue;
                const Real value = image[row * w + column];
                if (value > best_of_row) place_in_row = b;  // the first of equal values keeps it
                if (value > best_of_row || value != value) best_of_row = value;
            }
            if (a == 0 || best_of_row > best) place = a * kw + place_in_row;
            if (best_of_row > best || best_of_row != best_of_row) best = best_of_row;
        }
        y[number] = best;
        if (argmax) argmax[number] = (Place)place;
    }
}
"""

# A thread collects the gradient of one pixel from the few windows that can see it, from the first
# to the last: the order in which the plain version adds.
MAX_POOL_BACKWARD = """
extern "C" __global__ void max_pool_backward(
    Index count, const Real* __restrict__ dy, const Place* __restrict__ argmax,
    Real* __restrict__ dx, Index h, Index w, Index oh, Index ow,
    Index kh, Index kw, Index sh, Index sw, Index ph, Index pw, Index dh, Index dw)
{
    FOR_EACH(number, count) {  // count = N * C * H * W
        const Index column = number % w + pw, row = number / w % h + ph, plane = number / w / h;
        const Index last_i = row / sh < oh ? row / sh : oh - 1;
        const Index last_j = column / sw < ow ? column / sw : ow - 1;
        const Index eh = dh * (kh - 1) + 1, ew = dw * (kw - 1) + 1;  // what the window spans
        const Index first_i = row < eh ? 0 : (row - eh) / sh + 1;
        const Index first_j = column < ew ? 0 : (column - ew) / sw + 1;
        Real sum = 0;
        for (Index i = first_i; i <= last_i; ++i) {
            if ((row - i * sh) % dh) continue;  // between the window's places
            for (Index j = first_j; j <= last_j; ++j) {
                if ((column - j * sw) % dw) continue;
                const Index window = (plane * oh + i) * ow + j;
                const Index place = (row - i * sh) / dh * kw + (column - j * sw) / dw;
                if ((Index)argmax[window] == place) sum += dy[window];
            }
        }
        dx[number] = sum;
    }
}
"""


def launch_max_pool(x: Array, y: Array, argmax: Array | None, window: PoolWindow) -> None:
    """Write the largest value of each window to y, and its place to argmax, if there is one."""
    sizes = (*x.shape[2:], *y.shape[2:])
    launch(MAX_POOL, y.size, x, y, argmax, float("-inf"), *sizes, *_numbers(window))


def launch_max_pool_backward(
    dy: Array, argmax: Array, x_shape: tuple[int, ...], window: PoolWindow
) -> Array:
    """Return dx: to each pixel the gradients of the windows that it won."""
    dx = array_module(dy).empty(x_shape, dy.dtype)
    sizes = (*x_shape[2:], *dy.shape[2:])
    launch(MAX_POOL_BACKWARD, dx.size, dy, argmax, dx, *sizes, *_numbers(window))
    return dx


def _numbers(window: PoolWindow) -> tuple[Any, ...]:
    return (*window.kernel_size, *window.stride, *window.pad, *window.dilation)
