"""The ways to compute a convolution: a table of them, and the choice of one.

All compute the same numbers, up to rounding: those of the first, `functional/im2col.py`, which is
the definition. `choose_path` is the only place that decides, by shape; `force_path`, or the
environment variable MINIFCN_CONV, overrules it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.functional.fast.lines import (
    LINE,
    lines_backward_data,
    lines_backward_weights,
    lines_forward,
)
from minifcn.functional.fast.phases import phases_backward_data
from minifcn.functional.fast.pointwise import (
    pointwise_backward_data,
    pointwise_backward_weights,
    pointwise_forward,
)
from minifcn.functional.fast.product import product_precision
from minifcn.functional.fast.strips import (
    strips_backward_data,
    strips_backward_weights,
    strips_forward,
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
from minifcn.functional.im2col import im2col_backward_data, im2col_backward_weights, im2col_forward
from minifcn.functional.window import Window

WHOLE_BYTES = 64 << 20  # columns that may exist whole
WINOGRAD = 500  # pixels of a map from which Winograd's transforms of kernels pay
WINOGRAD_GRADIENTS = 1000  # and those of their gradients
WINOGRAD_LINES = 7_000_000  # pixels * channels * area of the kernel from which they beat lines
LINES = 290  # weights for each pixel of a line, and each image in it, up to which lines pay


class Path(NamedTuple):
    """One way to compute a convolution and both its gradients."""

    forward: Callable[..., Array]  # (x, weight, bias, window, groups) -> y
    backward_data: Callable[..., Array]  # (dy, weight, x_shape, window, groups) -> dx
    backward_weights: Callable[..., Array]  # (x, dy, weight_shape, window, groups) -> dweight
    then: tuple[str, ...] = ()  # what `forward` may do to y while it is in cache: "relu", "pool"


PATHS = {
    # the definition: columns of all images at once
    "im2col": Path(im2col_forward, im2col_backward_data, im2col_backward_weights),
    # the same a strip of the image at a time: what any shape can take
    "strips": Path(strips_forward, strips_backward_data, strips_backward_weights, then=("relu",)),
    # dx, or a deconvolution, as a convolution for each phase of the stride
    "phases": Path(strips_forward, phases_backward_data, strips_backward_weights, then=("relu",)),
    # more weights than columns
    "whole": Path(whole_forward, whole_backward_data, whole_backward_weights),
    # few channels, few pixels: columns that are a view
    "lines": Path(
        lines_forward, lines_backward_data, lines_backward_weights, then=("relu", "pool")
    ),
    # 1 x 1 kernels: the image is its own column matrix
    "pointwise": Path(
        pointwise_forward, pointwise_backward_data, pointwise_backward_weights, then=("relu",)
    ),
    # 3 x 3 and 5 x 5 kernels, with fewer multiplications
    "winograd": Path(
        winograd_forward,
        winograd_backward_data,
        winograd_backward_weights,
        then=("relu", "pool"),
    ),
}

_forced: dict[str, str] = {}


def force_path(path: str | None) -> None:
    """Use one path for every convolution that it can compute; None lets `choose_path` choose.

    Raises
    ------
    ValueError
        If there is no such path.
    """
    _forced["path"] = _known("the convolution path", path or "")


@contextmanager
def path_forced(path: str) -> Iterator[None]:
    """Force a path in a block; afterwards all is as it was before.

    Raises
    ------
    ValueError
        If there is no such path.
    """
    before = dict(_forced)
    force_path(path)
    try:
        yield
    finally:
        _forced.clear()
        _forced.update(before)


def forced_path() -> str:
    """Return the path that is forced, by `force_path` or else by MINIFCN_CONV, or "".

    Raises
    ------
    ValueError
        If MINIFCN_CONV names no path.
    """
    if "path" in _forced:
        return _forced["path"]
    return _known("the environment variable MINIFCN_CONV", os.environ.get("MINIFCN_CONV", ""))


def _known(what: str, path: str) -> str:
    if path and path not in PATHS:
        raise ValueError(f"{what} must be one of {', '.join(PATHS)}, not {path!r}")
    return path


def choose_path(
    x_shape: tuple[int, ...],
    weight: Array,
    window: Window,
    groups: int,
    *,
    gradients: bool = False,
) -> str:
    """Return which path computes a convolution, or its gradients: a name in PATHS.

    A 1 x 1 kernel needs no columns: the image is its own column matrix. Winograd transforms pixels
    for all filters at once and kernels for all pixels, so both must be many. Where a layer has more
    filters than pixels, whole columns are best; where it has few weights, whole lines of the image.
    Anything else goes by strips.

    A path that is forced gives way to strips where it cannot compute the shape.

    Parameters
    ----------
    x_shape : (N, C, H, W)
    weight : array (F, C/groups, KH, KW)
        Its shape and the size of its numbers count.
    window : Window
    groups : int
    gradients : bool
        Backwards more pixels are needed: each of Winograd's sums of products is as large as all
        transformed kernels.
    """
    able = PATHS.keys() - ruled_out(x_shape, weight, window, groups)
    if forced := forced_path():
        return forced if forced in able else "strips"
    (f, c), (oh, ow) = weight.shape[:2], window.output_size((x_shape[2], x_shape[3]))
    pixels = x_shape[0] * oh * ow
    if "pointwise" in able:
        return "pointwise"
    column_bytes = pixels * weight[0].size * weight.dtype.itemsize
    by_lines = "lines" in able and _pays_by_lines(weight, x_shape[0], ow)
    if "winograd" in able and min(f // groups, c) >= (32 if by_lines else 16):
        area = window.kernel_size[0] ** 2
        least = WINOGRAD_GRADIENTS if gradients else WINOGRAD
        if oh * ow * min(f, c) * area >= WINOGRAD_LINES if by_lines else oh * ow >= least:
            return "winograd"
    if "whole" in able and f >= pixels and column_bytes <= WHOLE_BYTES:
        return "whole"
    if by_lines:
        return "lines"
    return "strips"


def _pays_by_lines(weight: Array, images: int, width: int) -> bool:
    """Return whether a CPU is to convolve by lines: of few weights, as each line reads them all."""
    f, c = weight.shape[:2]
    together = min(images, max(1, LINE // width))
    few = weight.size <= LINES * together * (together * width)
    return array_module(weight) is np and few and f <= 16 * c


def ruled_out(
    x_shape: tuple[int, ...],
    weight: Array,
    window: Window,
    groups: int,
) -> dict[str, str]:
    """Return the paths that cannot compute a convolution, and why, in a clause.

    The arguments are those of `choose_path`.
    """
    kernel = window.kernel_size
    why = {"phases": "it computes deconvolutions"}
    others = PATHS.keys() - {"im2col", "strips", "phases"}
    if not x_shape[0]:  # the others begin with an image
        return why | dict.fromkeys(others, "there is no image")
    if groups > 1:
        why |= dict.fromkeys(others - {"winograd"}, "there are groups")
    if window.stride != (1, 1) or window.dilation != (1, 1):
        return why | dict.fromkeys(others - {"whole"}, "stride or dilation is not 1")
    if kernel != (1, 1) or window.pad != (0, 0):
        why["pointwise"] = "the kernel is not 1 x 1, or there is padding"
    if kernel not in ((3, 3), (5, 5)):
        why["winograd"] = "the kernel is not 3 x 3 or 5 x 5"
    if product_precision(weight) != "float32":
        # Winograd's transforms make the rounding of its operands several times as large.
        why |= dict.fromkeys(("winograd", "lines"), "the products are not in float32")
    return why


def choose_deconv_path(window: Window, groups: int) -> str:
    """Return which path computes a deconvolution: "phases", "strips", or what is forced of these.

    A deconvolution's forward pass is the `backward_data` of the path, its gradient of the input the
    `forward`. With a stride there is nothing to be added up if each of its phases is a convolution.
    """
    able = PATHS.keys() - deconv_ruled_out(window, groups)
    if (forced := forced_path()) in able:
        return forced
    return "phases" if "phases" in able else "strips"


def deconv_ruled_out(window: Window, groups: int) -> dict[str, str]:
    """Return the paths that cannot compute a deconvolution, and why, in a clause."""
    others = PATHS.keys() - {"im2col", "strips", "phases"}
    why = {path: "it computes convolutions" for path in PATHS if path in others}
    if groups > 1:
        why["phases"] = "there are groups"
    elif min(window.stride) == 1:
        why["phases"] = "there is no stride, or in one direction only"
    return why
