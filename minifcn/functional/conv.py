"""Two-dimensional convolution: the forward and backward pair, and the choice of its path.

`im2col.py` is the definition. The other paths compute the same numbers faster where the shape
allows it; `choose_path` is the only place that decides.
"""

from __future__ import annotations

from typing import NamedTuple

from minifcn.backend import Array
from minifcn.functional.im2col import (
    Pair,
    Window,
    im2col_backward_data,
    im2col_backward_weights,
    im2col_forward,
)


class ConvCache(NamedTuple):
    """What the backward pass needs: the input itself, not its columns, which are K times larger."""

    x: Array  # (N, C, H, W)
    weight: Array  # (F, C/groups, KH, KW)
    window: Window
    groups: int


def conv2d_output_shape(
    x_shape: tuple[int, ...], weight_shape: tuple[int, ...], window: Window, groups: int
) -> tuple[int, int, int, int]:
    """Return (N, F, OH, OW), or raise ValueError as `conv2d_forward` does."""
    n, c, h, w = x_shape
    f, group_channels = weight_shape[:2]
    if c != group_channels * groups or f % groups:
        raise ValueError(
            f"convolution: weight {weight_shape} with {groups} group(s) expects "
            f"{group_channels * groups} input channels, got {c} (input {x_shape})"
        )
    oh, ow = window.output_size((h, w))
    if min(oh, ow) < 1:
        raise ValueError(
            f"convolution: a kernel of {window.extent()} pixels does not fit into an image of "
            f"{h, w} padded by {window.pad}"
        )
    return n, f, oh, ow


def conv2d_forward(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Pair = (1, 1),
    pad: Pair = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> tuple[Array, ConvCache]:
    """Convolve a batch of images with a bank of kernels.

    y[n,f,i,j] = bias[f] + sum_{c,a,b} weight[f,c,a,b] * xpad[n,c,i*SH+a*DH,j*SW+b*DW]

    Parameters
    ----------
    x : array (N, C, H, W), float32 or float64
    weight : array (F, C/groups, KH, KW)
    bias : array (F,), optional
    stride, pad, dilation : (int, int)
        Vertical and horizontal, in pixels; `pad` is on each side, filled with zeros.
    groups : int
        Group g of the outputs sees group g of the inputs only (AlexNet's two halves).

    Returns
    -------
    y : array (N, F, OH, OW), dtype of x; OH = floor((H + 2 PH - DH (KH-1) - 1) / SH) + 1
    cache : ConvCache

    Raises
    ------
    ValueError
        If the channels of x and weight do not agree or the kernel is larger than the padded image.
    """
    window = Window(weight.shape[2:], stride, pad, dilation)
    conv2d_output_shape(x.shape, weight.shape, window, groups)
    return im2col_forward(x, weight, bias, window, groups), ConvCache(x, weight, window, groups)


def conv2d_backward(
    dy: Array, cache: ConvCache, *, need_dx: bool = True, need_grads: bool = True
) -> tuple[Array | None, Array | None, Array | None]:
    """Return the gradients of a convolution's input, weight and bias.

    dx[n,c,y,x]     = sum of weight[f,c,a,b] * dy[n,f,i,j] over the windows that saw the pixel
    dweight[f,c,a,b] = sum_{n,i,j} dy[n,f,i,j] * xpad[n,c,i*SH+a*DH,j*SW+b*DW]
    dbias[f]         = sum_{n,i,j} dy[n,f,i,j]

    Parameters
    ----------
    dy : array (N, F, OH, OW)
    cache : ConvCache
    need_dx, need_grads : bool
        What is not needed is not computed and comes back as None.
    """
    x, weight, window, groups = cache
    dx = dweight = dbias = None
    if need_dx:
        dx = im2col_backward_data(dy, weight, x.shape, window, groups)
    if need_grads:
        dweight = im2col_backward_weights(x, dy, weight.shape, window, groups)
        dbias = dy.sum(axis=(0, 2, 3))
    return dx, dweight, dbias
