"""Exercise 2: the way back through dropout.

    python -m minifcn.gradcheck --yours docs/exercises/2_dropout.py

The page: docs/layers/dropout.md

Forwards, each entry has a number between 0 and 1 drawn for it. If that is below the ratio, the
entry is dropped; the others are divided by 1 - ratio, so that the mean over all draws is what it
was.

Wanted: dx, from dy and the same draws. (Why the same? Question 2 in README.md.)

Hint. The draws do not depend on x. So y[p] is x[p] times a number; which one, for each p?
"""

import numpy as np


def dropout(x, draws, ratio):
    """Return x with entries dropped and the others scaled up: the forward pass, given."""
    y = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        if draws[at] >= ratio:
            y[at] = x[at] / (1 - ratio)
    return y


def dropout_backward(dy, draws, ratio):
    """Return dx.

    dy    : array, the gradient of y, of any shape
    draws : array of the same shape, numbers in [0, 1)
    ratio : float in [0, 1), which share is dropped
    dx    : array of the same shape
    """
    dx = np.zeros_like(dy)
    raise NotImplementedError("in place of this line: the loop that fills dx")
    return dx
