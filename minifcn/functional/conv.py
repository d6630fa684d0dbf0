"""Two-dimensional convolution: the forward and backward pair.

What it computes is said in loops by `naive/conv.py` and as a matrix product by `im2col.py`; the
gradients are derived there. Which of several ways computes the same numbers soonest is chosen by
shape, in `fast/paths.py`.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from minifcn.backend import Array, array_module, get_threads, in_memory, one_thread, parallel_map
from minifcn.functional.arguments import (
    Pair,
    divide_channels,
    image_shape,
    require_bias,
    require_floats,
    whole_number,
)
from minifcn.functional.fast.paths import PATHS, choose_path
from minifcn.functional.pooling import max_pool_forward
from minifcn.functional.window import HALVING, Window

# Multiplications:
CALLING = 1 << 23  # that a thread does in the time in which others are called and waited for
SIDE_BY_SIDE = 1 << 30  # of a gradient, at most, that one of two threads computes by itself


class ConvCache(NamedTuple):
    """What the backward pass needs: the input itself, not its columns, which are K times larger."""

    x: Array  # (N, C, H, W)
    weight: Array  # (F, C/groups, KH, KW); of a deconvolution (C, F/groups, KH, KW)
    window: Window
    groups: int


def conv2d_output_shape(
    x_shape: tuple[int, ...], weight_shape: tuple[int, ...], window: Window, groups: int
) -> tuple[int, int, int, int]:
    """Return (N, F, OH, OW), or raise ValueError as `conv2d_forward` does."""
    n, c, h, w = image_shape("convolution", x_shape)
    f, group_channels = weight_shape[:2]
    divide_channels("convolution", groups, whole_number("convolution: filters", f, 1))
    if c != group_channels * groups:
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
    stride: int | Pair = 1,
    pad: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
    relu: bool = False,
    pool: bool = False,
) -> tuple[Array, ConvCache]:
    """Convolve a batch of images with a bank of kernels.

    y[n,f,i,j] = bias[f] + sum_{c,a,b} weight[f,c,a,b] * xpad[n,c,i*SH+a*DH,j*SW+b*DW]

    Parameters
    ----------
    x : array (N, C, H, W), float32 or float64
    weight : array (F, C/groups, KH, KW)
    bias : array (F,), optional
    stride, pad, dilation : int or (int, int)
        Vertical and horizontal, in pixels; `pad` is on each side, filled with zeros.
    groups : int
        Group g of the outputs sees group g of the inputs only (AlexNet's two halves).
    relu, pool : bool
        Then max(y, 0); then a 2 x 2 max pooling of stride 2, rounded up. For the executor, which
        saves the way to memory and back in between (`minifcn/net/fusion.py`).

    Returns
    -------
    y : array (N, F, OH, OW), dtype of x; OH = floor((H + 2 PH - DH (KH-1) - 1) / SH) + 1
    cache : ConvCache

    Raises
    ------
    ValueError
        If the channels of x and weight do not agree, the kernel is larger than the padded image, a
        size means nothing (a stride of 0), or the arrays are not of one floating-point type.
    """
    require_floats("convolution", x, weight, bias)
    require_bias("convolution", bias, len(weight))
    window = Window.of("convolution", weight.shape[2:], stride, pad, dilation)
    n, _, oh, ow = conv2d_output_shape(x.shape, weight.shape, window, groups)
    path = PATHS[choose_path(x.shape, weight, window, groups)]
    asked = {"relu": relu, "pool": pool}
    then = {name: asked[name] for name in path.then}
    with one_thread(n * oh * ow * weight.size <= CALLING):
        y = path.forward(x, weight, bias, window, groups, **then)
    if relu and "relu" not in path.then:
        array_module(y).maximum(y, 0, out=y)
    if pool and "pool" not in path.then:
        y, _ = max_pool_forward(y, HALVING, train=False)
    return y, ConvCache(x, weight, window, groups)


def conv2d_backward(
    dy: Array, cache: ConvCache, *, need_dx: bool = True, need_grads: bool = True
) -> tuple[Array | None, Array | None, Array | None]:
    """Return the gradients of a convolution's input, weight and bias.

    dx[n,c,p,q]      = sum of weight[f,c,a,b] * dy[n,f,i,j] over the windows that the pixel lies in
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
    path = PATHS[choose_path(x.shape, weight, window, groups, gradients=True)]

    def data() -> Array:
        return path.backward_data(dy, weight, x.shape, window, groups)

    def parameters() -> tuple[Array, Array]:
        dweight = path.backward_weights(x, dy, weight.shape, window, groups)
        return dweight, bias_gradient(dy)

    # A small convolution's threads have too little to do to share it out: each takes a gradient.
    # (If one of them is not needed, all threads share the other, whose last bits may differ then.)
    multiplications = dy[:, 0].size * weight.size
    if need_dx and need_grads and _side_by_side(multiplications):
        tasks = (data, parameters)
        dx, gradients = parallel_map(array_module(x), lambda task: task(), tasks)
        return dx, *gradients
    with one_thread(2 * multiplications <= CALLING):
        dx = data() if need_dx else None
        return dx, *(parameters() if need_grads else (None, None))


def bias_gradient(dy: Array) -> Array:
    """Return the sum over images and pixels: (N, F, OH, OW) -> (F,).

    As a product with ones, which BLAS adds up three to six times as fast as NumPy's sum; images or
    lines, whichever lie apart in memory, one by one.
    """
    axes = in_memory(dy)
    dy = dy.transpose(axes if axes[1] == 1 else (0, 1, 2, 3))
    apart, f, *others = dy.shape
    ones = array_module(dy).ones(prod(others), dy.dtype)
    return (dy.reshape(apart, f, len(ones)) @ ones).sum(axis=0)


def _side_by_side(multiplications: int) -> bool:
    """Return whether each gradient is sooner computed by one thread than shared out to all.

    With two threads, one for each, nothing is waited for in between. With more it pays as long as a
    gradient takes about the time in which threads are called.
    """
    more = get_threads() - 2
    most = CALLING * get_threads() / more if more > 0 else SIDE_BY_SIDE
    return 2 * multiplications > CALLING and multiplications <= most
