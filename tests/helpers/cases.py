"""What the tests of the operations draw: arrays, and cases of sizes and options for hypothesis."""

from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from minifcn.functional.window import PoolWindow

Shape = tuple[int, ...]


def normal(seed: int, *shape: int, dtype: Any = np.float64) -> np.ndarray:
    """Return normally distributed numbers in an array that cannot be written to."""
    array = np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    array.flags.writeable = False
    return array


def wave(number: int, *shape: int) -> np.ndarray:
    """Return numbers between -1 and 1 that no generator has to be trusted for."""
    array = np.sin(number + 1.7 * np.arange(int(np.prod(shape)))).reshape(shape)
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
    kernel, stride, dilation = draw(pairs(1, 4)), draw(pairs(1, 4)), draw(pairs(1, 3))
    extent = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    pad = tuple(draw(st.integers(0, e - 1)) for e in extent)
    h, w = (  # with fewer pixels than `dilation` a window may see none
        max(d if p else 1, e - 2 * p) + draw(st.integers(0, 6))
        for e, p, d in zip(extent, pad, dilation, strict=True)
    )
    return Case(
        (draw(st.integers(1, 2)), draw(st.integers(1, 2)), h, w),
        (),
        {
            "kernel_size": kernel,
            "stride": stride,
            "pad": pad,
            "ceil": draw(st.booleans()),
            "dilation": dilation,
            "overhang": draw(pairs(0, 3)),
        },
    )


def example(x_shape: Shape, weight_shape: Shape, **options: Any) -> Case:
    """Return a convolution or a deconvolution."""
    return Case(x_shape, weight_shape, options)


def windows(x_shape: Shape, *options: tuple) -> list[Case]:
    """Return poolings of one shape: the fields of a `PoolWindow` of each."""
    names = PoolWindow._fields
    return [Case(x_shape, (), dict(zip(names, option, strict=False))) for option in options]


POOLINGS = windows((2, 3, 5, 8), ((3, 3), (2, 2), (1, 1))) + windows(
    (2, 3, 5, 7),
    ((2, 2), (2, 2)),  # VGG16's, with a column left over
    ((3, 3), (2, 2)),  # AlexNet's, which overlap
    ((3, 3), (1, 1), (1, 1), False),
    ((3, 2), (2, 3), (1, 0)),
    ((2, 2), (3, 3)),  # pixels between the windows
    ((6, 2), (2, 2)),  # larger than the image
    ((2, 3), (1, 2), (2, 0), True, (3, 1)),
    ((3, 2), (1, 1), (0, 1), True, (2, 3), (2, 4)),  # whose stride was removed
)

# What every rung of the ladder, the layers, PyTorch's twins and the kernels are held to: operation
# -> cases. The first has axes that can be exchanged; of all others, all sizes are different.
EXAMPLES: dict[str, list[Case]] = {
    "conv2d": [
        example((2, 4, 5, 7), (4, 2, 3, 3), stride=(1, 2), pad=(1, 1), groups=2),
        example((2, 3, 5, 6), (4, 3, 3, 2)),
        example((1, 2, 6, 5), (3, 2, 3, 3), pad=(1, 1)),
        example((2, 2, 7, 9), (3, 2, 5, 5), pad=(0, 2)),
        example((1, 2, 9, 8), (3, 2, 7, 7), pad=(1, 0)),
        example((2, 3, 4, 5), (6, 3, 1, 1)),
        example((2, 3, 4, 3), (5, 3, 4, 3)),  # fc6: one position
        example((2, 4, 8, 7), (6, 2, 3, 2), stride=(2, 1), pad=(1, 0), groups=2),
        example((1, 2, 6, 8), (3, 2, 2, 3), stride=(3, 2)),  # a row that no window has
        example((1, 2, 4, 3), (3, 2, 2, 3), pad=(3, 4)),  # windows of zeros only
        example((2, 3, 7, 8), (6, 1, 2, 3), pad=(1, 2), dilation=(3, 2), groups=3),
    ],
    "deconv2d": [
        example((2, 3, 3, 4), (3, 3, 4, 4), stride=(2, 2), pad=(1, 1)),
        example((2, 3, 4, 5), (3, 2, 4, 4), stride=(2, 2), pad=(1, 1)),
        example((1, 2, 3, 4), (2, 3, 3, 5), stride=(2, 3)),
        example((2, 3, 4, 2), (3, 1, 3, 2)),
        example((2, 2, 2, 3), (2, 3, 1, 2), stride=(2, 3)),  # gaps between the stamps
        example((1, 4, 3, 2), (4, 3, 4, 3), stride=(1, 2), pad=(1, 0), groups=2),
    ],
    "max_pool": POOLINGS,
    "avg_pool": POOLINGS,
    "relu": [Case((2, 3, 4, 5), (), {})],
    "lrn": [
        Case((2, 5, 3, 4), (), {"local_size": 3, "alpha": 0.5, "beta": 0.75, "k": 1.0}),
        Case((2, 7, 3, 4), (), {"local_size": 5, "alpha": 1e-4, "beta": 0.75, "k": 1.0}),
        Case((1, 5, 2, 3), (), {"local_size": 3, "alpha": 2.0, "beta": 0.6, "k": 0.5}),
        Case((1, 2, 3, 2), (), {"local_size": 9, "alpha": 0.5, "beta": 1.5, "k": 2.0}),
    ],
    "linear": [
        Case((3, 2, 1, 3), (6, 6), {}),
        Case((4, 6), (5, 6), {}),
        Case((2, 3, 4, 5), (7, 60), {}),
    ],
    "dropout": [Case((3, 4, 5), (), {"ratio": ratio}) for ratio in (0.4, 0.0, 0.8)],
    "softmax_loss": [
        Case((2, 3, 4, 5), (), {"class_weight": (1.0, 2.0, 3.0)}),
        Case((2, 4, 3, 5), (), {"normalization": "valid"}),
        Case((2, 4, 3, 5), (), {"normalization": "batch", "ignore_index": 2}),
        Case((3, 5, 2, 3), (), {"normalization": "none", "ignore_index": -1}),
        Case((2, 4, 3, 5), (), {"class_weight": (1.0, 2.0, 0.0, 0.5)}),
    ],
}
