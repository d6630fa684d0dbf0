"""Dropout on a GPU: the comparison, the mask and the product in one pass.

Twins: `_drop` and `_scale_kept` in `minifcn/functional/dropout.py`.
"""

from __future__ import annotations

from minifcn.backend import Array, array_module
from minifcn.functional.cuda.bind import of_one_type
from minifcn.functional.cuda.launch import launch

# The random numbers come from the generator, in float whatever the type of x.
DROPOUT = """
extern "C" __global__ void dropout(
    Index count, const Real* __restrict__ x, const float* __restrict__ draws,
    Real* __restrict__ y, bool* __restrict__ keep, float ratio, Real scale)
{
    FOR_EACH(number, count) {
        const bool kept = draws[number] >= ratio;
        keep[number] = kept;
        y[number] = x[number] * (Real)kept * scale;
    }
}
"""

DROPOUT_BACKWARD = """
extern "C" __global__ void dropout_backward(
    Index count, const Real* __restrict__ dy, const bool* __restrict__ keep,
    Real* __restrict__ dx, Real scale)
{
    FOR_EACH(number, count) {
        dx[number] = dy[number] * (Real)keep[number] * scale;
    }
}
"""


def float_draws(x: Array, draws: Array) -> bool:
    """Return whether the kernel can take x; the draws are in float whatever its type."""
    return of_one_type(x)


def launch_dropout(x: Array, draws: Array, ratio: float, scale: float) -> tuple[Array, Array]:
    """Return y, x scaled where draws >= ratio and else 0, and the mask of what is kept."""
    xp = array_module(x)
    y, keep = xp.empty(x.shape, x.dtype), xp.empty(x.shape, bool)
    launch(DROPOUT, x.size, x, draws, y, keep, ratio, scale)
    return y, keep


def launch_dropout_backward(dy: Array, keep: Array, scale: float) -> Array:
    """Return dx = dy * keep * scale."""
    dx = array_module(dy).empty(dy.shape, dy.dtype)
    launch(DROPOUT_BACKWARD, dy.size, dy, keep, dx, scale)
    return dx
