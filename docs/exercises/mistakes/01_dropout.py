"""Find the mistake 1: dropout.

Forwards, where `draws` is below `ratio`, the entry is dropped; the others are scaled up, so that
the mean over all draws stays what it was:

    y[p] = x[p] / (1 - ratio) if draws[p] >= ratio else 0
"""

import numpy as np


def dropout_backward(dy, draws, ratio):
    """Return dx, of the shape of dy and of the draws."""
    return np.where(draws >= ratio, dy, 0)
