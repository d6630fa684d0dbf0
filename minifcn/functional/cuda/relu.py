"""The bias and the rectifier behind a convolution, in one pass over memory, and the way back.

Twins: `add_bias` and `relu_backward` in `minifcn/functional/relu.py`.
"""

from __future__ import annotations

from minifcn.backend import Array, array_module
from minifcn.functional.cuda.launch import launch

# The product's result may be a strip of the map: its filters lie `pitch` values apart there.
# `values` and `out` may be the same memory.
BIAS_RELU = """
extern "C" __global__ void bias_relu(
    Index count, const Real* values, const Real* __restrict__ bias, Real* out,
    Index pixels, Index pitch, bool relu)
{
    FOR_EACH(number, count) {  // count = F * pixels
        const Index f = number / pixels;
        Real value = values[number];
        if (bias) value += bias[f];
        if (relu && value < 0) value = 0;  // a NaN is not below 0: it stays, and shows
        out[f * pitch + number - f * pixels] = value;
    }
}
"""

RELU_BACKWARD = """
extern "C" __global__ void relu_backward(
    Index count, const Real* __restrict__ dy, const Real* __restrict__ y, Real* __restrict__ dx)
{
    FOR_EACH(number, count) {
        dx[number] = dy[number] * (Real)(y[number] > 0);
    }
}
"""


def launch_bias_relu(values: Array, bias: Array | None, out: Array, *, relu: bool = False) -> None:
    """Write values + bias[f], rectified if asked, to `out`; each filter there is contiguous."""
    pitch = out.strides[0] // out.itemsize
    launch(BIAS_RELU, values.size, values, bias, out, values.size // len(values), pitch, relu)


def launch_relu_backward(dy: Array, y: Array) -> Array:
    """Return dx = dy where y > 0, else 0."""
    dx = array_module(dy).empty(dy.shape, dy.dtype)
    launch(RELU_BACKWARD, dy.size, dy, y, dx)
    return dx
