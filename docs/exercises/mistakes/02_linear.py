"""Find the mistake 2: an inner product.

Forwards, with x as a matrix of an image a row:

    y[n,f] = bias[f] + sum_d weight[f,d] * x[n,d]
"""


def linear_backward(dy, x, weight):
    """Return dx, dweight (F, D) and dbias (F,), from dy (N, F), x (N, D) or (N, C, H, W)."""
    rows = x.reshape(len(x), -1)
    dx = (dy @ weight).reshape(x.shape)
    dweight = dy.T @ rows
    dbias = dy.sum(axis=1)
    return dx, dweight, dbias
