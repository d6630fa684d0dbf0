"""Every operation in plain loops over pixels, forwards and backwards: read this folder first.

These are the definitions. Each output value is computed by itself, as the formula above it says,
and nothing is done for speed: one convolution of VGG16 would take hours. The next rung of the
ladder, `functional/im2col.py`, and everything faster is held to these; the gradients here are held
to differences of the forward pass (`minifcn.net.gradcheck`).

x is an image batch (N, C, H, W): N images of C channels, H pixels high and W wide. Pairs are
(vertical, horizontal), in pixels. Outside of an image there are zeros.

Backwards. A net ends in one number, the loss L. The gradient of an array `a` is named `da`, has
its shape, and says how the loss changes with each of its values: da[p] = ∂L/∂a[p]. A backward
function is given dy, the gradient of its forward's output, and asks what each input had to do with
it. By the chain rule, since L depends on the input only through y,

    dx[p] = ∂L/∂x[p] = sum_q ∂L/∂y[q] ∂y[q]/∂x[p] = sum_q dy[q] ∂y[q]/∂x[p]

Most q have nothing to do with p. So a backward function walks through the loops of its forward
once more: where that says `y += weight * x`, this says `dx += dy * weight` and `dweight += dy * x`.

`docs/layers/` has a page for each, with an example by hand and every step of the derivation.
"""

from __future__ import annotations

from minifcn.functional.naive.bilinear import bilinear_upsampling, bilinear_upsampling_backward
from minifcn.functional.naive.conv import conv2d, conv2d_backward
from minifcn.functional.naive.deconv import deconv2d, deconv2d_backward
from minifcn.functional.naive.dropout import dropout, dropout_backward
from minifcn.functional.naive.joining import (
    concat,
    concat_backward,
    crop,
    crop_backward,
    eltwise_max,
    eltwise_max_backward,
    eltwise_sum,
    eltwise_sum_backward,
    scale,
    scale_backward,
)
from minifcn.functional.naive.linear import linear, linear_backward
from minifcn.functional.naive.lrn import lrn, lrn_backward
from minifcn.functional.naive.pooling import (
    avg_pool,
    avg_pool_backward,
    max_pool,
    max_pool_backward,
    pooled_size,
)
from minifcn.functional.naive.relu import relu, relu_backward
from minifcn.functional.naive.sgd import sgd_step
from minifcn.functional.naive.softmax import softmax, softmax_loss, softmax_loss_backward

__all__ = [
    "avg_pool",
    "avg_pool_backward",
    "bilinear_upsampling",
    "bilinear_upsampling_backward",
    "concat",
    "concat_backward",
    "conv2d",
    "conv2d_backward",
    "crop",
    "crop_backward",
    "deconv2d",
    "deconv2d_backward",
    "dropout",
    "dropout_backward",
    "eltwise_max",
    "eltwise_max_backward",
    "eltwise_sum",
    "eltwise_sum_backward",
    "linear",
    "linear_backward",
    "lrn",
    "lrn_backward",
    "max_pool",
    "max_pool_backward",
    "pooled_size",
    "relu",
    "relu_backward",
    "scale",
    "scale_backward",
    "sgd_step",
    "softmax",
    "softmax_loss",
    "softmax_loss_backward",
]
