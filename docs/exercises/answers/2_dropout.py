"""Answer 2: the way back through dropout.

For given draws y[p] is x[p] times 1 / (1 - ratio), or times 0, and that number is the derivative.
Backwards the same entries are dropped and the others scaled alike: dropout is its own way back.
"""

import numpy as np


def dropout_backward(dy, draws, ratio):
    """Return dx: dropout of dy, with the draws of the forward pass."""
    dx = np.zeros_like(dy)
    for at in np.ndindex(dy.shape):
        if draws[at] >= ratio:
            dx[at] = dy[at] / (1 - ratio)
    return dx
