"""The mistake 1: dropout. What is kept was not scaled.

Forwards it is divided by 1 - ratio, so the derivative is 1 / (1 - ratio) and not 1. What was
dropped is right at 0, and everything else is off by one and the same factor, another one for each
ratio:

    -> 0.6 times as large: a factor of 1 - ratio?

At a ratio of 0 nothing is scaled, and nothing is wrong:

    ratio 0.0  right
"""

import numpy as np


def dropout_backward(dy, draws, ratio):
    """Return dx, of the shape of dy and of the draws."""
    return np.where(draws >= ratio, dy / (1 - ratio), 0)
