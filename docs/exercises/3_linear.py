"""Exercise 3: the way back through an inner product, for the input, the weights and the bias.

    python -m minifcn.gradcheck --yours docs/exercises/3_linear.py

The page: docs/layers/linear.md

Forwards, image n has D values, in reading order, and output f weighs them all:

    y[n,f] = bias[f] + sum_d weight[f,d] * x[n,d]

Wanted: dx, dweight and dbias.

Hint. The innermost line is `y[n, f] += weight[f, d] * value`, a product of two numbers. Walk
through the same loops once more. What does that line, this once, owe to `value`, and what to
`weight[f, d]`? Each adds to its own gradient. It is `+=`, since many lines use the same value, and
many the same weight. The line with `bias[f]` is a product too, with a 1.
"""

import numpy as np


def linear(x, weight, bias):
    """Return y: the forward pass, given."""
    y = np.zeros((len(x), len(weight)), x.dtype)
    for n, f in np.ndindex(y.shape):
        for d, value in enumerate(x[n].flat):
            y[n, f] += weight[f, d] * value
        y[n, f] += bias[f]
    return y


def linear_backward(dy, x, weight):
    """Return dx, dweight and dbias.

    dy      : array (N, F)
    x       : array (N, D), or (N, C, H, W) with C*H*W = D; x[n].flat[d] reads and writes both
    weight  : array (F, D)
    dx      : array of x's shape
    dweight : array (F, D)
    dbias   : array (F,)
    """
    dx, dweight, dbias = np.zeros_like(x), np.zeros_like(weight), np.zeros(len(weight), x.dtype)
    raise NotImplementedError("in place of this line: the loops that fill dx, dweight and dbias")
    return dx, dweight, dbias
