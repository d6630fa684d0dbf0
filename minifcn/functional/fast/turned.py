"""The gradient of a convolution's input, of stride 1, as a convolution itself."""

from __future__ import annotations

from minifcn.backend import Array
from minifcn.functional.window import Window


def turned(
    dy: Array, weight: Array, x_shape: tuple[int, ...], window: Window
) -> tuple[Array, Array, Window]:
    """Return what to convolve with what, and how, for dx.

    dx[n,c,y,x] = sum_{f,a,b} weight[f,c,KH-1-a,KW-1-b] dy[n,f,y+a-(KH-1-PH),x+b-(KW-1-PW)]

    Parameters
    ----------
    dy : array (N, F, OH, OW)
    weight : array (F, C, KH, KW)
    x_shape : (N, C, H, W)
    window : Window
        Of stride and dilation 1. Where its padding exceeds KH - 1 or KW - 1, the outermost outputs
        are of zeros only.

    Returns
    -------
    dy : array
        Without those outputs.
    weight : array (C, F, KH, KW)
        Turned round, in and out exchanged: a view.
    window : Window
    """
    (kh, kw), (ph, pw), (h, w) = window.kernel_size, window.pad, x_shape[2:]
    down, across = kh - 1 - ph, kw - 1 - pw
    dy = dy[:, :, max(0, -down) : ph + h, max(0, -across) : pw + w]
    back = weight.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    return dy, back, window._replace(pad=(max(0, down), max(0, across)))
