"""Every operation in plain loops over pixels: read this file first.

These are the definitions. Each output value is computed by itself, as the formula above it says,
and nothing is done for speed: one convolution of VGG16 would take hours. The fast versions, in the
other files of this folder, are tested against these; the gradients, which have no loops here, are
tested against differences of the forward pass (`minifcn.net.gradcheck`).

x is an image batch (N, C, H, W): N images of C channels, H pixels high and W wide. Pairs are
(vertical, horizontal), in pixels. Outside of an image there are zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log

import numpy as np

Pair = tuple[int, int]


def conv2d(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    *,
    stride: Pair = (1, 1),
    pad: Pair = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> np.ndarray:
    """Slide F kernels over the image; each output is the sum of what a kernel weighs there.

    y[n,f,i,j] = bias[f] + sum_{c,a,b} weight[f,c,a,b] * x[n, c, i*SH + a*DH - PH, j*SW + b*DW - PW]

    With groups, c counts from the first channel of the group that f belongs to.
    """
    (sh, sw), (ph, pw), (dh, dw) = stride, pad, dilation
    (n_images, _, h, w), (filters, channels, kh, kw) = x.shape, weight.shape
    oh = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    ow = (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    y = np.zeros((n_images, filters, oh, ow), x.dtype)
    for n, f, i, j in np.ndindex(y.shape):
        first = f // (filters // groups) * channels
        for c, a, b in np.ndindex(channels, kh, kw):
            row, column = i * sh + a * dh - ph, j * sw + b * dw - pw
            if 0 <= row < h and 0 <= column < w:
                y[n, f, i, j] += weight[f, c, a, b] * x[n, first + c, row, column]
        if bias is not None:
            y[n, f, i, j] += bias[f]
    return y


def deconv2d(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    *,
    stride: Pair = (1, 1),
    pad: Pair = (0, 0),
    groups: int = 1,
) -> np.ndarray:
    """Stamp the kernel onto the output, once for each input pixel; stamps that overlap add up.

    y[n, f, i*SH + a - PH, j*SW + b - PW] += x[n,c,i,j] * weight[c,f,a,b]

    With groups, f counts from the first output channel of the group that c belongs to.
    """
    (sh, sw), (ph, pw) = stride, pad
    (n_images, channels, h, w), (_, filters, kh, kw) = x.shape, weight.shape
    oh, ow = sh * (h - 1) + kh - 2 * ph, sw * (w - 1) + kw - 2 * pw
    y = np.zeros((n_images, filters * groups, oh, ow), x.dtype)
    for n, c, i, j in np.ndindex(x.shape):
        first = c // (channels // groups) * filters
        for f, a, b in np.ndindex(filters, kh, kw):
            row, column = i * sh + a - ph, j * sw + b - pw
            if 0 <= row < oh and 0 <= column < ow:
                y[n, first + f, row, column] += x[n, c, i, j] * weight[c, f, a, b]
    return y if bias is None else y + bias[:, None, None]


def bilinear_upsampling(x: np.ndarray, factor: int, *, odd: bool, pad: int) -> np.ndarray:
    """Read the image between its pixels, each weighted by how near it is.

    y[n,c,i,j] = sum_{p,q} x[n,c,p,q] * near(u - p) * near(v - q),    near(d) = max(0, 1 - |d|)
    u = (i + pad - (K - 1) / 2) / factor,   v the same from j;        K = 2 factor, less 1 if odd

    u is the place of output row i in the input: a deconvolution of kernel size K puts its stamp's
    centre over its input pixel.
    """
    size = 2 * factor - 1 if odd else 2 * factor
    n_images, channels, h, w = x.shape
    oh, ow = factor * (h - 1) + size - 2 * pad, factor * (w - 1) + size - 2 * pad
    y = np.zeros((n_images, channels, oh, ow), x.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        u, v = ((at + pad - (size - 1) / 2) / factor for at in (i, j))
        for p, q in np.ndindex(h, w):
            y[n, c, i, j] += x[n, c, p, q] * max(0, 1 - abs(u - p)) * max(0, 1 - abs(v - q))
    return y


def pooled_size(size: int, kernel: int, stride: int, pad: int, ceil: bool) -> int:
    """Count the windows along one axis; window i begins at pixel i*stride - pad.

    Rounded down, a window must end within the padded image. Rounded up (`ceil`), windows go on
    until the padded image is covered, but none begins beyond the image itself.
    """
    count = 1
    while True:
        begin, covered = count * stride - pad, (count - 1) * stride - pad + kernel
        if not ceil and begin + kernel > size + pad:
            return count
        if ceil and (begin >= size or covered >= size + pad):
            return count
        count += 1


def max_pool(
    x: np.ndarray, kernel_size: Pair, stride: Pair, pad: Pair = (0, 0), ceil: bool = True
) -> np.ndarray:
    """Take the largest pixel of each window.

    y[n,c,i,j] = max_{a,b} x[n, c, i*SH + a - PH, j*SW + b - PW], over pixels inside the image
    """
    return _pool(x, kernel_size, stride, pad, ceil, lambda pixels, area: max(pixels))


def avg_pool(
    x: np.ndarray, kernel_size: Pair, stride: Pair, pad: Pair = (0, 0), ceil: bool = True
) -> np.ndarray:
    """Take the mean of each window: of its pixels inside the image, and of zeros in the padding.

    y[n,c,i,j] = 1/A sum_{a,b} x[n, c, i*SH + a - PH, j*SW + b - PW]

    A is the area of the window within the padded image.
    """
    return _pool(x, kernel_size, stride, pad, ceil, lambda pixels, area: sum(pixels) / area)


def _pool(
    x: np.ndarray, kernel_size: Pair, stride: Pair, pad: Pair, ceil: bool, reduce: Callable
) -> np.ndarray:
    (kh, kw), (sh, sw), (ph, pw) = kernel_size, stride, pad
    n_images, channels, h, w = x.shape
    oh, ow = pooled_size(h, kh, sh, ph, ceil), pooled_size(w, kw, sw, pw, ceil)
    y = np.zeros((n_images, channels, oh, ow), x.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        rows = range(i * sh - ph, min(i * sh - ph + kh, h + ph))
        columns = range(j * sw - pw, min(j * sw - pw + kw, w + pw))
        inside = [(p, q) for p in rows for q in columns if 0 <= p < h and 0 <= q < w]
        y[n, c, i, j] = reduce([x[n, c, p, q] for p, q in inside], len(rows) * len(columns))
    return y


def relu(x: np.ndarray) -> np.ndarray:
    """Cut off what is negative: y = max(x, 0)."""
    y = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        y[at] = max(x[at], 0)
    return y


def lrn(x: np.ndarray, local_size: int, alpha: float, beta: float, k: float) -> np.ndarray:
    """Divide each value by the energy of the `local_size` channels centred on its own.

    y[n,c,i,j] = x[n,c,i,j] / (k + alpha/local_size * sum_{c' near c} x[n,c',i,j]**2) ** beta
    """
    y = np.zeros_like(x)
    for n, c, i, j in np.ndindex(x.shape):
        near = range(max(0, c - local_size // 2), min(x.shape[1], c + local_size // 2 + 1))
        energy = sum(x[n, other, i, j] ** 2 for other in near)
        y[n, c, i, j] = x[n, c, i, j] / (k + alpha / local_size * energy) ** beta
    return y


def linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Weigh all values of an image: y[n,f] = bias[f] + sum_d weight[f,d] * x[n,d].

    d counts the values of x[n] in reading order, channel after channel.
    """
    y = np.zeros((len(x), len(weight)), x.dtype)
    for n, f in np.ndindex(y.shape):
        y[n, f] = bias[f] + sum(weight[f, d] * value for d, value in enumerate(x[n].flat))
    return y


def softmax(scores: np.ndarray) -> np.ndarray:
    """Turn the scores of each pixel into probabilities.

    p[n,c,i,j] = exp(scores[n,c,i,j]) / sum_k exp(scores[n,k,i,j])
    """
    p = np.zeros_like(scores)
    for n, c, i, j in np.ndindex(scores.shape):
        p[n, c, i, j] = exp(scores[n, c, i, j]) / sum(exp(score) for score in scores[n, :, i, j])
    return p


def softmax_loss(
    scores: np.ndarray,
    label: np.ndarray,
    *,
    normalization: str = "valid",
    ignore_index: int = 255,
    class_weight: np.ndarray | None = None,
) -> float:
    """Sum up how surprised the net is by the true class of each pixel that has one.

    loss = -1/Z sum_{n,i,j} w[label] * log p[n, label, i, j],    p = softmax(scores)

    Z is the total weight of the labelled pixels ("valid"), the number of images ("batch") or 1.
    -log p = log(sum_k exp(scores[n,k,i,j])) - scores[n,label,i,j], and the largest score is taken
    out of the sum, lest it overflow.
    """
    loss, labelled = 0.0, 0.0
    for n, i, j in np.ndindex(label.shape):
        true = label[n, i, j]
        if true != ignore_index:
            weight = 1.0 if class_weight is None else class_weight[true]
            largest = max(scores[n, :, i, j])
            above = log(sum(exp(score - largest) for score in scores[n, :, i, j]))
            loss += weight * (above + largest - scores[n, true, i, j])
            labelled += weight
    return loss / ({"valid": labelled, "batch": len(scores), "none": 1}[normalization] or 1)
