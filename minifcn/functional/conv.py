"""Two-dimensional convolution: the forward and backward pair, and the choice of its path.

`im2col.py` is the definition. The other paths compute the same numbers faster where the shape
allows it; `choose_path` is the only place that decides, and `force_path` (or the environment
variable MINIFCN_CONV) overrules it.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from minifcn.backend import Array, array_module
from minifcn.functional.arguments import (
    Pair,
    divide_channels,
    image_shape,
    require_bias,
    require_floats,
    whole_number,
)
from minifcn.functional.fast.pointwise import (
    pointwise_backward_data,
    pointwise_backward_weights,
    pointwise_forward,
)
from minifcn.functional.fast.product import product_precision
from minifcn.functional.fast.strips import (
    im2col_backward_data,
    im2col_backward_weights,
    im2col_forward,
    turned_backward_data,
)
from minifcn.functional.fast.whole_columns import (
    whole_backward_data,
    whole_backward_weights,
    whole_forward,
)
from minifcn.functional.fast.winograd import (
    winograd_backward_data,
    winograd_backward_weights,
    winograd_forward,
)
from minifcn.functional.pooling import PoolWindow, max_pool_forward
from minifcn.functional.window import Window

PATHS = ("im2col", "whole", "pointwise", "winograd")
WHOLE_BYTES = 64 << 20  # columns that may exist whole

_forced = {"path": os.environ.get("MINIFCN_CONV", "")}


def force_path(path: str | None) -> None:
    """Use one path for every convolution that it can compute; None lets `choose_path` choose.

    Raises
    ------
    ValueError
        If there is no such path.
    """
    if path is not None and path not in PATHS:
        raise ValueError(f"the convolution path must be one of {', '.join(PATHS)}, not {path!r}")
    _forced["path"] = path or ""


def choose_path(
    x_shape: tuple[int, ...],
    weight: Array,
    window: Window,
    groups: int,
    *,
    backward: bool = False,
) -> str:
    """Return which path computes a convolution: "im2col", "whole", "pointwise" or "winograd".

    A 1 x 1 kernel needs no columns: the image is its own column matrix. Winograd's transforms pay
    with at least 16 channels on both sides and a map of 20 pixels, and for fc6's 7 x 7 kernels in
    the forward pass. Where a layer has more filters than pixels, whole columns are best. An empty
    batch is left to im2col; the others begin with an image.

    Parameters
    ----------
    x_shape : (N, C, H, W)
    weight : array (F, C/groups, KH, KW)
        Its shape and the size of its numbers count.
    window : Window
    groups : int
    backward : bool
        For the gradients, not for the forward pass.
    """
    (f, c), (oh, ow) = weight.shape[:2], window.output_size((x_shape[2], x_shape[3]))
    kernel, pixels = window.kernel_size, x_shape[0] * oh * ow
    able = {"im2col"}
    if groups == 1 and pixels:
        able.add("whole")
        if window.stride == window.dilation == (1, 1):
            if kernel == (1, 1) and window.pad == (0, 0):
                able.add("pointwise")
            # Winograd's transforms make the rounding of its operands several times as large.
            exact = product_precision(weight) == "float32"
            small = kernel in ((3, 3), (5, 5)) or (kernel == (7, 7) and not backward)
            if exact and small:
                able.add("winograd")
    if _forced["path"]:
        return _forced["path"] if _forced["path"] in able else "im2col"
    if "pointwise" in able:
        return "pointwise"
    if "winograd" in able:
        fc6 = kernel == (7, 7) and min(f, c) >= 64 and min(oh, ow) >= 8
        if fc6 or (kernel != (7, 7) and min(f, c) >= 16 and min(oh, ow) >= 20):
            return "winograd"
    column_bytes = pixels * weight[0].size * weight.dtype.itemsize
    if "whole" in able and f >= pixels and column_bytes <= WHOLE_BYTES:
        return "whole"
    return "im2col"


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
    conv2d_output_shape(x.shape, weight.shape, window, groups)
    cache = ConvCache(x, weight, window, groups)
    path = choose_path(x.shape, weight, window, groups)
    if path == "winograd":
        return winograd_forward(x, weight, bias, pad=window.pad, relu=relu, pool=pool), cache
    if path == "pointwise":
        y = pointwise_forward(x, weight, bias, relu=relu)
    elif path == "whole":
        y = whole_forward(x, weight, bias, window)
    else:
        y = im2col_forward(x, weight, bias, window, groups, relu=relu)
    if relu and path == "whole":
        array_module(y).maximum(y, 0, out=y)
    if pool:
        y, _ = max_pool_forward(y, PoolWindow((2, 2), (2, 2)), train=False)
    return y, cache


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
    path = choose_path(x.shape, weight, window, groups, backward=True)
    dx = _backward_data(path, dy, cache) if need_dx else None
    if not need_grads:
        return dx, None, None
    if path == "pointwise":
        dweight = pointwise_backward_weights(x, dy)
    elif path == "winograd":
        dweight = winograd_backward_weights(x, dy, pad=window.pad)
    elif path == "whole":
        dweight = whole_backward_weights(x, dy, weight.shape, window)
    else:
        dweight = im2col_backward_weights(x, dy, weight.shape, window, groups)
    return dx, dweight, dy.sum(axis=(0, 2, 3))


def _backward_data(path: str, dy: Array, cache: ConvCache) -> Array:
    x, weight, window, groups = cache
    if path == "pointwise":
        return pointwise_backward_data(dy, weight)
    if path == "winograd":
        return winograd_backward_data(dy, weight, pad=window.pad, x_shape=x.shape)
    if path == "whole":
        return whole_backward_data(dy, weight, x.shape, window)
    if _forced["path"] != "im2col" and turned_is_cheaper(window):
        return turned_backward_data(dy, weight, window, groups)
    return im2col_backward_data(dy, weight, x.shape, window, groups)


def turned_is_cheaper(window: Window) -> bool:
    """Return whether the input's gradient is rather a convolution with the kernels turned round.

    It can be for stride 1 and a padding smaller than the kernel, and reads what `col2im` would add
    up; but a kernel as large as fc6's has more columns that way.
    """
    (kh, kw), (eh, ew) = window.kernel_size, window.extent()
    fits = window.pad[0] < eh and window.pad[1] < ew
    return window.stride == (1, 1) and fits and kh * kw <= 25
