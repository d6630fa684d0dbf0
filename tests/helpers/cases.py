"""What the tests of the operations draw: arrays, and cases of sizes and options for hypothesis."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

Shape = tuple[int, ...]


def normal(seed: int, *shape: int, dtype: Any = np.float64) -> np.ndarray:
    """Return normally distributed numbers in an array that cannot be written to."""
    array = np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    array.flags.writeable = False
    return array


def inner(a: np.ndarray, b: np.ndarray) -> float:
    """Return the inner product <a, b>."""
    assert a.shape == b.shape
    return float((a * b).sum())


def pairs(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    """Draw (vertical, horizontal), each between low and high."""
    return st.tuples(st.integers(low, high), st.integers(low, high))


class Case(NamedTuple):
    """The sizes and the options of one convolution, deconvolution or pooling."""

    x_shape: Shape
    weight_shape: Shape
    options: dict[str, Any]


@st.composite
def conv_cases(draw: st.DrawFn) -> Case:
    """Draw a convolution that fits its image."""
    groups, channels, filters = draw(st.tuples(*[st.integers(1, n) for n in (3, 2, 3)]))
    kernel, stride, pad, dilation = (
        draw(pairs(1, 3)),
        draw(pairs(1, 3)),
        draw(pairs(0, 2)),
        draw(pairs(1, 3)),
    )
    h, w = (
        max(1, d * (k - 1) + 1 - 2 * p) + draw(st.integers(0, 4))
        for k, p, d in zip(kernel, pad, dilation, strict=True)
    )
    return Case(
        (draw(st.integers(1, 2)), groups * channels, h, w),
        (groups * filters, channels, *kernel),
        {"stride": stride, "pad": pad, "dilation": dilation, "groups": groups},
    )


@st.composite
def deconv_cases(draw: st.DrawFn) -> Case:
    """Draw a deconvolution of which the padding leaves something."""
    groups, channels, filters = draw(st.tuples(*[st.integers(1, n) for n in (3, 2, 3)]))
    kernel, stride, (h, w) = draw(pairs(1, 4)), draw(pairs(1, 3)), draw(pairs(1, 4))
    pad = tuple(
        draw(st.integers(0, min(2, (s * (size - 1) + k - 1) // 2)))
        for s, size, k in zip(stride, (h, w), kernel, strict=True)
    )
    return Case(
        (draw(st.integers(1, 2)), groups * channels, h, w),
        (groups * channels, filters, *kernel),
        {"stride": stride, "pad": pad, "groups": groups},
    )


@st.composite
def pool_cases(draw: st.DrawFn) -> Case:
    """Draw a pooling window and an image at least as large; there is no weight."""
    kernel, stride = draw(pairs(1, 4)), draw(pairs(1, 4))
    pad = tuple(draw(st.integers(0, k - 1)) for k in kernel)
    h, w = (max(1, k - 2 * p) + draw(st.integers(0, 6)) for k, p in zip(kernel, pad, strict=True))
    return Case(
        (draw(st.integers(1, 2)), draw(st.integers(1, 2)), h, w),
        (),
        {"kernel_size": kernel, "stride": stride, "pad": pad, "ceil": draw(st.booleans())},
    )
