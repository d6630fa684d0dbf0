"""Transposed convolution ("deconvolution"): a convolution run backwards, to make maps larger.

Where a convolution with stride s reads s times fewer outputs than inputs, its transpose writes s
times more: each input value stamps a weighted copy of the kernel onto the output, s pixels apart,
and overlapping stamps add up. So its forward pass *is* the convolution's gradient with respect
to the input, and its backward pass is the convolution's forward pass (section 3.3 of the paper:
"backwards convolution").
"""

from __future__ import annotations

from typing import NamedTuple

from minifcn.backend import Array, array_module, parallel_map
from minifcn.functional.arguments import (
    Pair,
    divide_channels,
    image_shape,
    require_bias,
    require_floats,
    whole_number,
)
from minifcn.functional.fast.recycle import recycled
from minifcn.functional.fast.strips import (
    im2col_backward_data,
    im2col_backward_weights,
    im2col_forward,
)
from minifcn.functional.window import Window


class DeconvCache(NamedTuple):
    """What the backward pass needs."""

    x: Array  # (N, C, H, W)
    weight: Array  # (C, F/groups, KH, KW)
    window: Window
    groups: int


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
) -> tuple[Array, DeconvCache]:
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
    cache : DeconvCache

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
    if groups == 1 and min(window.stride) > 1:
        y = _by_phases(x, weight, y_shape, window)
    else:
        y = im2col_backward_data(x, weight, y_shape, window, groups)
    if bias is not None:
        y += bias[:, None, None]
    return y, DeconvCache(x, weight, window, groups)


def _by_phases(x: Array, weight: Array, y_shape: tuple[int, ...], window: Window) -> Array:
    """Return the same y without stamping: one small convolution for each phase of the stride.

    The outputs i*S + r with the same remainder r see the same M = ceil(K / S) weights of the
    kernel in each axis, r, r + S, r + 2 S ...; all SH * SW phases together are one convolution
    with an MH x MW kernel and SH * SW times the channels, whose outputs are then interleaved.
    """
    xp = array_module(x)
    (kh, kw), (sh, sw), (ph, pw) = window.kernel_size, window.stride, window.pad
    c, f = weight.shape[:2]
    mh, mw = -(-kh // sh), -(-kw // sw)
    whole = xp.zeros((c, f, mh * sh, mw * sw), weight.dtype)
    whole[:, :, :kh, :kw] = weight
    # (C, F, MH, SH, MW, SW) -> (F, SH, SW, C, MH, MW), turned round to become a correlation
    phases = whole.reshape(c, f, mh, sh, mw, sw).transpose(1, 3, 5, 0, 2, 4)[..., ::-1, ::-1]
    small = Window((mh, mw), (1, 1), (mh - 1, mw - 1))
    y = im2col_forward(x, phases.reshape(f * sh * sw, c, mh, mw), None, small)
    n, _, qh, qw = y.shape
    interleaved = recycled(xp, (n, f, qh, sh, qw, sw), y.dtype)

    def interleave(channel: int) -> None:
        phases_of_channel = y.reshape(n, f, sh, sw, qh, qw)[:, channel]
        interleaved[:, channel] = phases_of_channel.transpose(0, 3, 1, 4, 2)  # (N, QH, SH, QW, SW)

    parallel_map(xp, interleave, range(f))
    y = interleaved.reshape(n, f, qh * sh, qw * sw)
    return y[:, :, ph : ph + y_shape[2], pw : pw + y_shape[3]]


def deconv2d_backward(
    dy: Array, cache: DeconvCache, *, need_dx: bool = True, need_grads: bool = True
) -> tuple[Array | None, Array | None, Array | None]:
    """Return the gradients of a transposed convolution's input, weight and bias.

    The roles of x and dy in the convolution's gradients are exchanged; that is all.

    Parameters
    ----------
    dy : array (N, F, OH, OW)
    cache : DeconvCache
    need_dx, need_grads : bool
        What is not needed is not computed and comes back as None.
    """
    x, weight, window, groups = cache
    dx = dweight = dbias = None
    if need_dx:
        dx = im2col_forward(dy, weight, None, window, groups)
    if need_grads:
        dweight = im2col_backward_weights(dy, x, weight.shape, window, groups)
        dbias = dy.sum(axis=(0, 2, 3))
    return dx, dweight, dbias
