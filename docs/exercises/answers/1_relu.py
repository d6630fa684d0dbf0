"""Answer 1: the way back through a ReLU.

y[q] depends on x[q] alone, so of the sum over q only q = p is left. There y[p] is x[p], with
derivative 1, or the constant 0, with derivative 0. It is x that decides, not dy: a negative
gradient passes through a positive x as it is.
"""

import numpy as np


def relu_backward(dy, x):
    """Return dx: dy where x was let through, 0 where it was cut off."""
    dx = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        if x[at] > 0:
            dx[at] = dy[at]
    return dx
