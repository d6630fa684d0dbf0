"""Exercise 1: the way back through a ReLU.

    python -m minifcn.gradcheck --yours docs/exercises/1_relu.py

The page: docs/layers/relu.md

Forwards, each entry is let through or cut off: y[p] = max(x[p], 0).

Wanted: dx, with dx[p] = ∂L/∂x[p], how the loss L changes with each entry of x. What comes from
above is dy, with dy[p] = ∂L/∂y[p].

Hint. The chain rule sums over everything that x[p] has to do with:

    dx[p] = sum_q dy[q] * ∂y[q]/∂x[p]

Which q are there, and what is the derivative to the right of zero, and to the left? At zero itself
there is none; take 0, as Caffe does.
"""

import numpy as np


def relu(x):
    """Return max(x, 0), entry by entry: the forward pass, given."""
    y = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        y[at] = max(x[at], 0)
    return y


def relu_backward(dy, x):
    """Return dx.

    dy : array, the gradient of y, of any shape
    x  : array of the same shape, what went in forwards
    dx : array of the same shape
    """
    dx = np.zeros_like(x)
    raise NotImplementedError("in place of this line: the loop that fills dx")
    return dx
