"""Transposed convolution ("deconvolution"): a convolution run backwards, to make maps larger.

Where a convolution with stride s reads s times fewer outputs than inputs, its transpose writes s
times more: each input value stamps a weighted copy of the kernel onto the output, s pixels apart,
and overlapping stamps add up. So its forward pass *is* the convolution's gradient with respect
to the input, `im2col_backward_data`, and its backward pass is the convolution's forward pass
(section 3.3 of the paper: "backwards convolution"). `naive/deconv.py` says it in loops.
"""

from __future__ import annotations

from minifcn.backend import Array, one_thread
from minifcn.functional.arguments import (
    Pair,
    divide_channels,
    image_shape,
    require_bias,
    require_floats,
    whole_number,
)
from minifcn.functional.conv import CALLING, ConvCache, bias_gradient
from minifcn.functional.fast.paths import PATHS, choose_deconv_path, forced_path
from minifcn.functional.fast.separable import Factors, separate, upsample, upsample_backward
from minifcn.functional.window import Window


def deconv2d_output_shape(
    x_shape: tuple[int, ...], weight_shape: tuple[int, ...], window: Window, groups: int
) -> tuple[int, int, int, int]:
    """Return (N, F, OH, OW) with OH = SH (H - 1) + KH - 2 PH; ValueError as `deconv2d_forward`."""
    n, c, h, w = image_shape("deconvolution", x_shape)
    divide_channels("deconvolution", groups, c)
    whole_number("deconvolution: filters", weight_shape[1], 1)
    if c != weight_shape[0]:
        raise ValueError(
            f"deconvolution: weight {weight_shape} with {groups} group(s) expects "
            f"{weight_shape[0]} input channels, got {c} (input {x_shape})"
        )
    (sh, sw), (ph, pw), (kh, kw) = window.stride, window.pad, window.kernel_size
    oh, ow = sh * (h - 1) + kh - 2 * ph, sw * (w - 1) + kw - 2 * pw
    if min(oh, ow) < 1:
        raise ValueError(
            f"deconvolution: cutting {window.pad} pixels from each side leaves nothing of an "
            f"output of {oh + 2 * ph, ow + 2 * pw} pixels"
        )
    return n, weight_shape[1] * groups, oh, ow


def deconv2d_forward(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: int | Pair = 1,
    pad: int | Pair = 0,
    groups: int = 1,
) -> tuple[Array, ConvCache]:
    """Upsample by stamping the kernel: y[n,f,i*SH+a-PH,j*SW+b-PW] += x[n,c,i,j] * weight[c,f,a,b].

    Parameters
    ----------
    x : array (N, C, H, W), float32 or float64
    weight : array (C, F/groups, KH, KW)
    bias : array (F,), optional
    stride, pad : int or (int, int)
        `pad` is the number of pixels cut from each side of the output.
    groups : int

    Returns
    -------
    y : array (N, F, OH, OW), dtype of x; OH = SH (H - 1) + KH - 2 PH
    cache : ConvCache

    Raises
    ------
    ValueError
        If the channels of x and weight do not agree, nothing would be left of the output, a size
        means nothing (a stride of 0), or the arrays are not of one floating-point type.
    """
    require_floats("deconvolution", x, weight, bias)
    window = Window.of("deconvolution", weight.shape[2:], stride, pad)
    y_shape = deconv2d_output_shape(x.shape, weight.shape, window, groups)
    require_bias("deconvolution", bias, y_shape[1])
    with one_thread(x.size * weight[0].size <= CALLING):
        if (factors := _factors(weight, groups)) is not None:
            y = upsample(x, factors, y_shape, window)
        else:
            path = PATHS[choose_deconv_path(window, groups)]
            y = path.backward_data(x, weight, y_shape, window, groups)
    if bias is not None:
        y += bias[:, None, None]
    return y, ConvCache(x, weight, window, groups)


def deconv2d_backward(
    dy: Array, cache: ConvCache, *, need_dx: bool = True, need_grads: bool = True
) -> tuple[Array | None, Array | None, Array | None]:
    """Return the gradients of a transposed convolution's input, weight and bias.

    The roles of x and dy in the convolution's gradients are exchanged; that is all:

    dx[n,c,i,j]      = sum_{f,a,b} weight[c,f,a,b] * dy[n, f, i*SH + a - PH, j*SW + b - PW]
    dweight[c,f,a,b] = sum_{n,i,j} x[n,c,i,j] * dy[n, f, i*SH + a - PH, j*SW + b - PW]
    dbias[f]         = sum_{n,i,j} dy[n,f,i,j]

    Parameters
    ----------
    dy : array (N, F, OH, OW)
    cache : ConvCache
    need_dx, need_grads : bool
        What is not needed is not computed and comes back as None.
    """
    x, weight, window, groups = cache
    path, dx = PATHS[choose_deconv_path(window, groups)], None
    with one_thread(x.size * weight[0].size <= CALLING):
        if need_dx and (factors := _factors(weight, groups)) is not None:
            dx = upsample_backward(dy, factors, x.shape, window)
        elif need_dx:
            dx = path.forward(dy, weight, None, window, groups)
        if not need_grads:
            return dx, None, None
        dweight = path.backward_weights(dy, x, weight.shape, window, groups)
        return dx, dweight, bias_gradient(dy)


def _factors(weight: Array, groups: int) -> Factors | None:
    """Return what a kernel is made of that interpolates each channel alone, if no path is forced.

    That is the one choice that depends on the values of weights, and not on shapes.
    """
    return None if forced_path() else separate(weight, groups)
