"""Convolution as a matrix product: what a course teaches, and what `fast/` is held to.

im2col ("image to columns") copies what the kernel's window sees at each position into one column
of a matrix. Each filter, laid out as a row, meets each column in one entry of a product:

    y = weight @ columns        (F, C*KH*KW) @ (C*KH*KW, OH*OW) -> (F, OH*OW)

and both gradients are products with the transposed factors:

    dweight  = dy @ columns.T                 each weight meets the pixels that it multiplied
    dcolumns = weight.T @ dy, then col2im     each pixel collects from all windows that it lies in

The same numbers as `naive/conv.py`, by the same sums; but the loops over pixels and channels are
now inside of `@`. The price is memory: the columns are KH*KW times as large as the image, a
gigabyte for 64 channels of 500 x 500 pixels. `fast/strips.py` never makes them whole.

Convention: correlation, the kernel is not flipped (as in Caffe and PyTorch).
Source: Long et al. 2015, section 3; the matrix form is Chellapilla et al. 2006.
"""

from __future__ import annotations

from collections.abc import Iterator

from minifcn.backend import Array, array_module
from minifcn.functional.window import Window


def im2col(x: Array, window: Window) -> Array:
    """Copy what the window sees at each position into a column.

    columns[n, c*KH*KW + a*KW + b, i*OW + j] = xpad[n, c, i*SH + a*DH, j*SW + b*DW]

    Parameters
    ----------
    x : array (N, C, H, W)
    window : Window

    Returns
    -------
    array (N, C*KH*KW, OH*OW), dtype of x
    """
    (n, c, h, w), (kh, kw), (ph, pw) = x.shape, window.kernel_size, window.pad
    oh, ow = window.output_size((h, w))
    xp = array_module(x)
    xpad = xp.zeros((n, c, h + 2 * ph, w + 2 * pw), x.dtype)
    xpad[:, :, ph : ph + h, pw : pw + w] = x
    columns = xp.empty((n, c, kh, kw, oh, ow), x.dtype)
    for a, b, rows, cols in _places(window, oh, ow):
        columns[:, :, a, b] = xpad[:, :, rows, cols]
    return columns.reshape(n, c * kh * kw, oh * ow)


def col2im(columns: Array, x_shape: tuple[int, ...], window: Window) -> Array:
    """Add each entry of the columns to the pixel that `im2col` copied there.

    A pixel is copied into many columns, and L depends on it through each of them. A copy has the
    derivative 1 with respect to its pixel, so the chain rule adds up:

        dxpad[n,c,y,z] = sum of dcolumns[n, c*KH*KW + a*KW + b, i*OW + j]
                         over all a, b, i, j with i*SH + a*DH = y and j*SW + b*DW = z

    What falls on the padding is dropped: zeros have no use for a gradient.

    Parameters
    ----------
    columns : array (N, C*KH*KW, OH*OW)
    x_shape : (N, C, H, W)
    window : Window

    Returns
    -------
    array (N, C, H, W), dtype of columns
    """
    (n, c, h, w), (kh, kw), (ph, pw) = x_shape, window.kernel_size, window.pad
    oh, ow = window.output_size((h, w))
    dxpad = array_module(columns).zeros((n, c, h + 2 * ph, w + 2 * pw), columns.dtype)
    columns = columns.reshape(n, c, kh, kw, oh, ow)
    for a, b, rows, cols in _places(window, oh, ow):
        dxpad[:, :, rows, cols] += columns[:, :, a, b]
    return dxpad[:, :, ph : ph + h, pw : pw + w]


def _places(window: Window, oh: int, ow: int) -> Iterator[tuple[int, int, slice, slice]]:
    """Yield each place (a, b) of the kernel, with the pixels that all windows have there.

    They are rows a*DH, a*DH + SH ... of the padded image, one for each row of the output.
    """
    (kh, kw), (sh, sw), _, (dh, dw) = window
    for a in range(kh):
        for b in range(kw):
            rows = slice(a * dh, a * dh + (oh - 1) * sh + 1, sh)
            cols = slice(b * dw, b * dw + (ow - 1) * sw + 1, sw)
            yield a, b, rows, cols


def im2col_forward(
    x: Array, weight: Array, bias: Array | None, window: Window, groups: int = 1
) -> Array:
    """Convolve: y[n,f,p] = bias[f] + sum_r weight[f,r] * columns[n,r,p].

    p counts the positions (i, j) of the output, r the places (c, a, b) of a kernel. Each group of
    filters has its own product, with the columns of its own channels.

    Parameters
    ----------
    x : array (N, C, H, W)
    weight : array (F, C/groups, KH, KW)
    bias : array (F,) or None
    window : Window
    groups : int

    Returns
    -------
    array (N, F, OH, OW), dtype of x
    """
    (n, f), (oh, ow) = (len(x), len(weight)), window.output_size(x.shape[2:])
    matrix = weight.reshape(groups, f // groups, weight[0].size)
    columns = im2col(x, window).reshape(n, groups, weight[0].size, oh * ow)
    y = (matrix @ columns).reshape(n, f, oh, ow)
    return y if bias is None else y + bias[:, None, None]


def im2col_backward_data(
    dy: Array, weight: Array, x_shape: tuple[int, ...], window: Window, groups: int = 1
) -> Array:
    """Return dx: dcolumns = weight.T @ dy, and each column goes back to its pixels by `col2im`.

    L depends on columns[n,r,p] through y[n,f,p] for every filter f, where it stands beside
    weight[f,r]. So by the chain rule

        dcolumns[n,r,p] = sum_f dy[n,f,p] * ∂y[n,f,p] / ∂columns[n,r,p]
                        = sum_f dy[n,f,p] * weight[f,r]

    and a sum over the first index of weight is a product with its transpose.

    Parameters
    ----------
    dy, weight : array (N, F, OH, OW) and (F, C/groups, KH, KW)
    x_shape : (N, C, H, W)
    window, groups : Window and int

    Returns
    -------
    array (N, C, H, W), dtype of dy
    """
    n, f, oh, ow = dy.shape
    matrix = weight.reshape(groups, f // groups, weight[0].size)
    dcolumns = matrix.swapaxes(1, 2) @ dy.reshape(n, groups, f // groups, oh * ow)
    return col2im(dcolumns.reshape(n, groups * weight[0].size, oh * ow), x_shape, window)


def im2col_backward_weights(
    x: Array, dy: Array, weight_shape: tuple[int, ...], window: Window, groups: int = 1
) -> Array:
    """Return dweight: dy @ columns.T, summed up over the images.

    L depends on weight[f,r] through y[n,f,p] in every image n and at every position p, where it
    stands beside columns[n,r,p]. So by the chain rule

        dweight[f,r] = sum_{n,p} dy[n,f,p] * ∂y[n,f,p] / ∂weight[f,r]
                     = sum_{n,p} dy[n,f,p] * columns[n,r,p]

    and a sum over the last index of columns is a product with their transpose.

    Parameters
    ----------
    x, dy : array (N, C, H, W) and (N, F, OH, OW)
    weight_shape : (F, C/groups, KH, KW)
    window, groups : Window and int

    Returns
    -------
    array (F, C/groups, KH, KW), dtype of dy
    """
    (n, f, oh, ow), (kh, kw) = dy.shape, window.kernel_size
    columns = im2col(x, window).reshape(n, groups, weight_shape[1] * kh * kw, oh * ow)
    dweight = dy.reshape(n, groups, f // groups, oh * ow) @ columns.swapaxes(2, 3)
    return dweight.sum(axis=0).reshape(weight_shape)
