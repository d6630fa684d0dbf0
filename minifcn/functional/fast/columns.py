"""im2col and col2im a few rows of one image at a time: what `strips.py` and `whole_columns.py` use.

`functional/im2col.py` makes the columns of all images whole. Here they are those of some output
rows, read through a strided view, so that the columns are the only copy there is.
"""

from __future__ import annotations

from minifcn.backend import Array, array_module
from minifcn.functional.cuda.bind import kernel
from minifcn.functional.cuda.im2col import any_word, launch_col2im, launch_im2col
from minifcn.functional.window import Window


@kernel(launch_im2col, takes=any_word)
def im2col_rows(x: Array, window: Window, rows: slice) -> Array:
    """Copy what the window sees at each position of some output rows into columns.

    columns[c*KH*KW + a*KW + b, i*OW + j] = xpad[c, (rows.start+i)*SH + a*DH, j*SW + b*DW]

    Parameters
    ----------
    x : array (C, H, W), or (C, N, H, W): several images, whose columns come side by side
    window : Window
    rows : slice
        Output rows, `start` and `stop` given.

    Returns
    -------
    array (C*KH*KW, [N*]R*OW), dtype of x, where R is the number of rows
    """
    xp = array_module(x)
    c, *images, h, w = x.shape
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = window
    _, ow = window.output_size((h, w))
    r = rows.stop - rows.start

    # The rows of the padded image that these windows lie in, of which only [top, bottom) are real.
    first = rows.start * sh - ph
    last = first + (r - 1) * sh + window.extent()[0]
    top, bottom = max(first, 0), min(last, h)
    strip = xp.zeros((c, *images, last - first, w + 2 * pw), x.dtype)
    if top < bottom:
        strip[..., top - first : bottom - first, pw : pw + w] = x[..., top:bottom, :]

    # All windows as a view that repeats pixels without copying; reshape then makes the one copy.
    sc, *sn, sy, sx = strip.strides
    windows = xp.lib.stride_tricks.as_strided(
        strip, (c, kh, kw, *images, r, ow), (sc, sy * dh, sx * dw, *sn, sy * sh, sx * sw)
    )
    return windows.reshape(c * kh * kw, -1)


@kernel(launch_col2im)
def col2im_rows(columns: Array, dx: Array, window: Window, rows: slice) -> None:
    """Add columns back to the pixels they were copied from: the transpose of `im2col_rows`.

    Parameters
    ----------
    columns : array (C*KH*KW, [N*]R*OW)
    dx : array (C, H, W) or (C, N, H, W), C-contiguous
        Added to in place.
    window : Window
    rows : slice
        The output rows that `columns` belongs to.
    """
    c, *images, h, w = dx.shape
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = window
    _, ow = window.output_size((h, w))
    columns = columns.reshape(c, kh, kw, *images, rows.stop - rows.start, ow)

    # For each place (a, b) in the kernel: which output rows and columns fall on a real pixel?
    for a in range(kh):
        y0, i0, i1 = _inside(a * dh - ph, sh, rows.start, rows.stop, h)
        for b in range(kw):
            x0, j0, j1 = _inside(b * dw - pw, sw, 0, ow, w)
            if i0 < i1 and j0 < j1:
                ys = slice(y0, y0 + (i1 - i0 - 1) * sh + 1, sh)
                xs = slice(x0, x0 + (j1 - j0 - 1) * sw + 1, sw)
                dx[..., ys, xs] += columns[:, a, b, ..., i0 - rows.start : i1 - rows.start, j0:j1]


def _inside(shift: int, stride: int, start: int, stop: int, size: int) -> tuple[int, int, int]:
    """Return (first pixel, first position, end position) with 0 <= position*stride+shift < size."""
    first = max(start, -(shift // stride))  # ceil(-shift / stride)
    end = min(stop, (size - 1 - shift) // stride + 1)
    return first * stride + shift, first, end
