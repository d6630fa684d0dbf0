"""1 x 1 convolution as a plain product: the image is its own column matrix."""

from __future__ import annotations

from minifcn.backend import Array


def pointwise_forward(x: Array, weight: Array, bias: Array | None) -> Array:
    """Return y[n,f,i,j] = bias[f] + sum_c weight[f,c] x[n,c,i,j].

    Parameters
    ----------
    x : array (N, C, H, W)
    weight : array (F, C, 1, 1)
    bias : array (F,) or None
    """
    n, c, h, w = x.shape
    y = (weight.reshape(-1, c) @ x.reshape(n, c, h * w)).reshape(n, -1, h, w)
    if bias is not None:
        y += bias[:, None, None]
    return y


def pointwise_backward_data(dy: Array, weight: Array) -> Array:
    """Return dx[n,c,i,j] = sum_f weight[f,c] dy[n,f,i,j]."""
    n, f, h, w = dy.shape
    return (weight.reshape(f, -1).T @ dy.reshape(n, f, h * w)).reshape(n, -1, h, w)


def pointwise_backward_weights(x: Array, dy: Array) -> Array:
    """Return dweight[f,c] = sum_{n,i,j} dy[n,f,i,j] x[n,c,i,j], as (F, C, 1, 1)."""
    (n, c, h, w), f = x.shape, dy.shape[1]
    products = dy.reshape(n, f, h * w) @ x.reshape(n, c, h * w).transpose(0, 2, 1)
    return products.sum(axis=0)[:, :, None, None]
