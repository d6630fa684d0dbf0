"""Every operation on every device: one source, and the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.cases import normal

from minifcn.backend import to_device, to_host
from minifcn.functional.conv import conv2d_backward, conv2d_forward
from minifcn.functional.deconv import deconv2d_backward, deconv2d_forward
from minifcn.functional.linear import linear_backward, linear_forward
from minifcn.functional.lrn import lrn_backward, lrn_forward
from minifcn.functional.pooling import (
    avg_pool_backward,
    avg_pool_forward,
    max_pool_backward,
    max_pool_forward,
)
from minifcn.functional.relu import relu_backward, relu_forward
from minifcn.functional.softmax import softmax_loss_backward, softmax_loss_forward
from minifcn.functional.window import PoolWindow

POOL = PoolWindow((3, 2), (2, 2), (1, 0))

# For each operation: forward, backward, and the arrays that go in.
OPERATIONS = {
    "conv": (
        lambda *arrays: conv2d_forward(*arrays, stride=(1, 2), pad=(1, 0), groups=2),
        conv2d_backward,
        (normal(1, 2, 4, 9, 8), normal(2, 6, 2, 3, 2), normal(3, 6)),
    ),
    "deconv": (
        lambda *arrays: deconv2d_forward(*arrays, stride=(2, 3), pad=(1, 0), groups=2),
        deconv2d_backward,
        (normal(1, 2, 4, 5, 6), normal(2, 4, 3, 4, 3), normal(3, 6)),
    ),
    "max pool": (
        lambda x: max_pool_forward(x, POOL),
        max_pool_backward,
        (normal(1, 2, 3, 7, 8),),
    ),
    "average pool": (
        lambda x: avg_pool_forward(x, POOL),
        avg_pool_backward,
        (normal(1, 2, 3, 7, 8),),
    ),
    "relu": (relu_forward, relu_backward, (normal(1, 2, 3, 4, 5),)),
    "lrn": (lrn_forward, lrn_backward, (normal(1, 2, 7, 3, 4),)),
    "linear": (linear_forward, linear_backward, (normal(1, 2, 12), normal(2, 5, 12), normal(3, 5))),
    "loss": (
        softmax_loss_forward,
        softmax_loss_backward,
        (normal(1, 2, 3, 4, 5), np.array([0, 1, 2, 255, 1] * 8).reshape(2, 4, 5)),
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_values_and_gradients_are_those_of_the_host(xp, name):
    forward, backward, arrays = OPERATIONS[name]

    def run(module):
        y, cache = forward(*(to_device(array, module) for array in arrays))
        dy = to_device(normal(9, *y.shape), module)
        gradients = backward(dy, cache)
        gradients = gradients if isinstance(gradients, tuple) else (gradients,)
        return [y, *gradients]

    for ours, expected in zip(run(xp), run(np), strict=True):
        np.testing.assert_allclose(to_host(ours), to_host(expected), rtol=1e-10, atol=1e-12)
