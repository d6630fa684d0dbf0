"""Deconvolution without stamping: one small convolution for each phase of the stride.

With stride S, the outputs i*S + r with the same remainder r see the same M = ceil(K / S) weights of
the kernel in each axis: r, r + S, r + 2 S ... So the phases, SH * SW of them, are together one
convolution with an MH x MW kernel and SH * SW times the channels, whose outputs are then
interleaved. Nothing is added up where stamps would overlap, and no zeros are multiplied.
"""

from __future__ import annotations

from minifcn.backend import Array, array_module, parallel_map
from minifcn.functional.fast.recycle import recycled
from minifcn.functional.fast.strips import strips_forward
from minifcn.functional.window import Window


def phases_backward_data(
    dy: Array, weight: Array, x_shape: tuple[int, ...], window: Window, *_: object
) -> Array:
    """Gradient of a convolution's input, or dy deconvolved, as `im2col_backward_data` has it.

    Parameters
    ----------
    dy, weight : array (N, F, OH, OW) and (F, C, KH, KW)
    x_shape : (N, C, H, W)
        With H = SH (OH - 1) + KH - 2 PH: the last window ends where the padded image does.
    window : Window
        Not dilated.

    Returns
    -------
    array (N, C, H, W)
        A part of a larger one, where something is cut off.
    """
    xp = array_module(dy)
    (kh, kw), (sh, sw), (ph, pw) = window.kernel_size, window.stride, window.pad
    f, c = weight.shape[:2]
    mh, mw = -(-kh // sh), -(-kw // sw)
    whole = xp.zeros((f, c, mh * sh, mw * sw), weight.dtype)
    whole[:, :, :kh, :kw] = weight
    # (F, C, MH, SH, MW, SW) -> (C, SH, SW, F, MH, MW), turned round to become a correlation
    phases = whole.reshape(f, c, mh, sh, mw, sw).transpose(1, 3, 5, 0, 2, 4)[..., ::-1, ::-1]
    small = Window((mh, mw), (1, 1), (mh - 1, mw - 1))
    y = strips_forward(dy, phases.reshape(c * sh * sw, f, mh, mw), None, small)
    n, _, qh, qw = y.shape
    dx = recycled(xp, (n, c, qh, sh, qw, sw), y.dtype)

    def interleave(channel: int) -> None:
        phases_of_channel = y.reshape(n, c, sh, sw, qh, qw)[:, channel]
        dx[:, channel] = phases_of_channel.transpose(0, 3, 1, 4, 2)  # (N, QH, SH, QW, SW)

    parallel_map(xp, interleave, range(c))
    dx = dx.reshape(n, c, qh * sh, qw * sw)
    return dx[:, :, ph : ph + x_shape[2], pw : pw + x_shape[3]]
