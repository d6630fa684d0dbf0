"""The update of one parameter on a GPU: weight, velocity and gradient are read once.

Twin: `_update_whole` in `minifcn/training/optim.py`.
"""

from __future__ import annotations

from minifcn.backend import Array
from minifcn.functional.cuda.launch import launch

SGD = """
extern "C" __global__ void sgd(
    Index count, Real* __restrict__ weight, Real* __restrict__ velocity,
    const Real* __restrict__ grad, Real rate, Real momentum, Real decay)
{
    FOR_EACH(number, count) {
        const Real step = rate * (decay * weight[number] + grad[number]);
        velocity[number] = velocity[number] * momentum + step;
        weight[number] -= velocity[number];
    }
}
"""


def launch_sgd(
    weight: Array, velocity: Array, grad: Array, rate: float, momentum: float, decay: float
) -> None:
    """Update weight and velocity, both C-contiguous, in place."""
    launch(SGD, weight.size, weight, velocity, grad, rate, momentum, decay)
