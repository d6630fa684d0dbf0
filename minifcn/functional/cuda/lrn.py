"""Local response normalisation on a GPU: a thread reads the few channels around its own.

Twins: `_normalise` and `_normalise_backward` in `minifcn/functional/lrn.py`.
"""

from __future__ import annotations

from math import prod

from minifcn.backend import Array, array_module
from minifcn.functional.cuda.launch import launch

LRN = """
extern "C" __global__ void lrn(
    Index count, const Real* __restrict__ x, Real* __restrict__ scale, Real* __restrict__ y,
    Index channels, Index pixels, Index half, Real share, Real beta, Real k)
{
    FOR_EACH(number, count) {  // count = N * C * pixels
        const Index c = number / pixels % channels;
        const Index low = c < half ? c : half;  // neighbours that exist below and above
        const Index high = channels - 1 - c < half ? channels - 1 - c : half;
        Real energy = 0;
        for (Index shift = -low; shift <= high; ++shift) {
            const Real value = x[number + shift * pixels];
            energy += value * value;
        }
        scale[number] = k + share * energy;
        y[number] = x[number] * pow(scale[number], -beta);
    }
}
"""

# dy * y / scale of each value: its neighbours all need it, and powers are dear.
LRN_RATIO = """
extern "C" __global__ void lrn_ratio(
    Index count, const Real* __restrict__ dy, const Real* __restrict__ x,
    const Real* __restrict__ scale, Real* __restrict__ ratio, Real* __restrict__ own, Real beta)
{
    FOR_EACH(number, count) {
        const Real power = pow(scale[number], -beta);
        ratio[number] = dy[number] * x[number] * power / scale[number];
        own[number] = dy[number] * power;
    }
}
"""

# `dx` holds dy * scale ** -beta, the part through a value's own output.
LRN_BACKWARD = """
extern "C" __global__ void lrn_backward(
    Index count, const Real* __restrict__ x, const Real* __restrict__ ratio,
    Real* __restrict__ dx, Index channels, Index pixels, Index half, Real factor)
{
    FOR_EACH(number, count) {  // count = N * C * pixels
        const Index c = number / pixels % channels;
        const Index low = c < half ? c : half;
        const Index high = channels - 1 - c < half ? channels - 1 - c : half;
        Real sum = 0;
        for (Index shift = -low; shift <= high; ++shift) sum += ratio[number + shift * pixels];
        dx[number] -= factor * x[number] * sum;
    }
}
"""


def launch_lrn(
    x: Array, local_size: int, alpha: float, beta: float, k: float
) -> tuple[Array, Array]:
    """Return y and scale, as `lrn_forward` defines them."""
    xp = array_module(x)
    scale, y = xp.empty(x.shape, x.dtype), xp.empty(x.shape, x.dtype)
    launch(LRN, x.size, x, scale, y, *_sizes(x, local_size), alpha / local_size, beta, k)
    return y, scale


def launch_lrn_backward(
    dy: Array, x: Array, scale: Array, local_size: int, alpha: float, beta: float
) -> Array:
    """Return dx, as `lrn_backward` defines it."""
    xp = array_module(dy)
    ratio, dx = xp.empty(x.shape, x.dtype), xp.empty(x.shape, x.dtype)
    launch(LRN_RATIO, x.size, dy, x, scale, ratio, dx, beta)
    factor = 2 * alpha * beta / local_size
    launch(LRN_BACKWARD, x.size, x, ratio, dx, *_sizes(x, local_size), factor)
    return dx


def _sizes(x: Array, local_size: int) -> tuple[int, int, int]:
    """Return the channels, the pixels of an image, and the neighbours on each side."""
    channels = x.shape[1]
    return channels, prod(x.shape[2:]), local_size // 2
