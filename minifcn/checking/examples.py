"""Examples of every operation in plain loops, by which a function of the same name is judged.

Each asks for something that a wrong backward pass forgets: a stride, a padding, a tie, a pixel that
is ignored. They are tiny, so that every entry of every gradient is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np

from minifcn.checking.case import Arrays
from minifcn.functional import naive
from minifcn.functional.arguments import Pair


class Example(NamedTuple):
    """What an operation is called with."""

    about: str  # in a few words
    arrays: Arrays  # what it is differentiated by, in the order of its arguments
    options: Mapping[str, Any] = {}
    sizes: Mapping[str, float] = {}  # what a wrong factor may come from
    places: Mapping[str, np.ndarray] = {}  # entries of the input that are special


def draw(seed: int, *shape: int) -> np.ndarray:
    """Return numbers from a normal distribution."""
    return np.random.default_rng(seed).standard_normal(shape)


def _kernels(about: str, x: tuple[int, ...], weight: tuple[int, ...], **options: Any) -> Example:
    filters = options.pop("filters", weight[0])
    arrays = {"x": draw(1, *x), "weight": draw(2, *weight), "bias": draw(3, filters)}
    sizes = {"the number of images": x[0], "the area of the kernel": prod(weight[2:])}
    return Example(about, arrays, options, sizes)


def convolutions() -> Iterator[Example]:
    """Yield what a convolution can be asked for, one thing after the other."""
    yield _kernels("one kernel on one channel", (1, 1, 4, 3), (1, 1, 2, 2))
    yield _kernels("a kernel of one pixel", (1, 2, 3, 2), (2, 2, 1, 1))
    yield _kernels("channels and filters", (1, 2, 4, 3), (3, 2, 3, 2))
    yield _kernels("a batch of images", (3, 2, 3, 4), (2, 2, 2, 3))
    yield _kernels("stride (2, 1)", (1, 2, 5, 4), (2, 2, 3, 2), stride=(2, 1))
    yield _kernels("stride (3, 2): pixels unseen", (1, 1, 6, 5), (2, 1, 2, 2), stride=(3, 2))
    yield _kernels("pad (1, 2)", (1, 2, 3, 4), (2, 2, 3, 3), pad=(1, 2))
    yield _kernels("dilation (2, 1)", (1, 2, 6, 4), (2, 2, 3, 2), dilation=(2, 1))
    yield _kernels("2 groups", (1, 4, 3, 4), (4, 2, 2, 2), groups=2)
    everything = {"stride": (1, 2), "pad": (2, 1), "dilation": (2, 1), "groups": 2}
    yield _kernels("all of these together", (2, 4, 3, 5), (2, 2, 2, 3), **everything)


def deconvolutions() -> Iterator[Example]:
    """Yield what a deconvolution can be asked for."""
    yield _kernels("one kernel on one channel", (1, 1, 3, 2), (1, 1, 2, 3))
    yield _kernels("channels and filters", (1, 2, 3, 2), (2, 3, 2, 3), filters=3)
    yield _kernels("a batch of images", (3, 2, 2, 3), (2, 1, 3, 2), filters=1)
    yield _kernels("stride (2, 1)", (1, 2, 3, 2), (2, 1, 3, 2), stride=(2, 1), filters=1)
    yield _kernels("stride (2, 3): gaps", (1, 1, 2, 3), (1, 2, 1, 2), stride=(2, 3), filters=2)
    yield _kernels("pad (1, 2)", (1, 2, 3, 4), (2, 1, 3, 4), pad=(1, 2), filters=1)
    yield _kernels("2 groups", (1, 4, 2, 3), (4, 1, 2, 2), groups=2, filters=2)
    everything = {"stride": (2, 1), "pad": (1, 0), "groups": 2, "filters": 4}
    yield _kernels("all of these together", (2, 2, 3, 2), (2, 2, 4, 3), **everything)


def _pooled(about: str, x: np.ndarray, kernel: Pair, stride: Pair, **options: Any) -> Example:
    sizes = {"the number of images": len(x), "the area of the window": prod(kernel)}
    edge = _at_the_edge(x, kernel, stride, options.get("pad", (0, 0)), options.get("ceil", True))
    places = {"in windows that reach beyond the image": edge}
    options = {"kernel_size": kernel, "stride": stride, **options}
    return Example(about, {"x": x}, options, sizes, places)


def poolings() -> Iterator[Example]:
    """Yield windows of all kinds."""
    yield _pooled("2 x 2 windows", draw(1, 1, 1, 4, 6), (2, 2), (2, 2))
    yield _pooled("images and channels", draw(1, 2, 3, 4, 2), (2, 2), (2, 2))
    yield _pooled("windows that overlap", draw(1, 1, 2, 5, 7), (3, 3), (2, 2))
    yield _pooled("kernel (3, 2), stride (2, 3)", draw(1, 1, 1, 7, 5), (3, 2), (2, 3))
    yield _pooled("pixels between the windows", draw(1, 1, 2, 5, 8), (2, 2), (3, 3))
    yield _pooled("the last window incomplete", draw(1, 1, 2, 5, 6), (3, 3), (2, 3))
    yield _pooled("and left out", draw(1, 1, 2, 5, 6), (3, 3), (2, 3), ceil=False)
    below = -1 - abs(draw(1, 1, 2, 5, 4))
    yield _pooled("pad (1, 1), pixels below 0", below, (3, 3), (2, 2), pad=(1, 1))


def _at_the_edge(x: np.ndarray, kernel: Pair, stride: Pair, pad: Pair, ceil: bool) -> np.ndarray:
    """Return which pixels lie in a window that reaches beyond the image."""
    sizes = list(zip(x.shape[2:], kernel, stride, pad, strict=True))
    counts = [naive.pooled_size(*size, ceil) for size in sizes]
    found = np.zeros(x.shape[2:], bool)
    for places in np.ndindex(*counts):
        begin = [i * s - p for i, (_, _, s, p) in zip(places, sizes, strict=True)]
        end = [b + k for b, (_, k, _, _) in zip(begin, sizes, strict=True)]
        if min(begin) < 0 or any(e > n for e, (n, *_) in zip(end, sizes, strict=True)):
            found[max(0, begin[0]) : end[0], max(0, begin[1]) : end[1]] = True
    return found


def max_poolings() -> Iterator[Example]:
    """Yield windows, and ties in them."""
    yield from poolings()
    ties = np.round(draw(1, 1, 2, 5, 6))
    places = {"where there are ties: the first in reading order wins": _tied(ties)}
    yield _pooled("ties", ties, (3, 3), (2, 2))._replace(places=places)


def _tied(x: np.ndarray) -> np.ndarray:
    """Return which pixels have an equal one in their channel."""
    flat = x.reshape(*x.shape[:2], -1)
    return ((flat[..., None] == flat[..., None, :]).sum(axis=-1) > 1).reshape(x.shape)


def rectifiers() -> Iterator[Example]:
    """Yield numbers of both signs, and zeros."""
    x = draw(1, 2, 3, 4, 2)
    yield Example("numbers of both signs", {"x": x}, places={"where x is below 0": x < 0})
    x = np.round(draw(2, 1, 2, 3, 4))
    places = {"where x is 0: there the gradient counts as 0": x == 0}
    yield Example("zeros", {"x": x}, places=places)


def normalisations() -> Iterator[Example]:
    """Yield neighbourhoods of channels, strong enough to count."""
    for about, channels, local_size, alpha, beta, k in (
        ("no channel near", 3, 1, 0.5, 0.75, 1.0),
        ("3 channels near", 5, 3, 0.5, 0.75, 1.0),
        ("5 channels near", 7, 5, 1.5, 0.75, 1.0),
        ("fewer channels than near", 2, 5, 0.5, 1.5, 1.0),
        ("another k and beta", 4, 3, 2.0, 0.6, 2.5),
    ):
        options = {"local_size": local_size, "alpha": alpha, "beta": beta, "k": k}
        sizes = {"local_size": local_size, "alpha": alpha, "beta": beta}
        sizes |= {"alpha / local_size": alpha / local_size}
        yield Example(about, {"x": 2 * draw(1, 2, channels, 1, 2)}, options, sizes)


def inner_products() -> Iterator[Example]:
    """Yield rows of values, and images of them."""
    for about, x_shape, filters in (
        ("one row of values", (1, 4), 3),
        ("several rows", (3, 5), 2),
        ("images, flattened", (3, 2, 2, 3), 4),
    ):
        weight = (filters, prod(x_shape[1:]))
        arrays = {"x": draw(1, *x_shape), "weight": draw(2, *weight), "bias": draw(3, filters)}
        yield Example(about, arrays, sizes={"the number of images": x_shape[0]})


def dropouts() -> Iterator[Example]:
    """Yield ratios, and draws on both sides of them."""
    draws = np.random.default_rng(4).random((2, 3, 4))
    for ratio in (0.4, 0.8, 0.0):
        draws[0, 0, 0] = ratio  # just kept
        options = {"draws": draws.copy(), "ratio": ratio}
        sizes = {"the ratio": ratio, "1 - ratio": 1 - ratio}
        places = {"where a value was dropped": draws < ratio}
        places |= {"where the draw is exactly the ratio, which is kept": draws == ratio}
        yield Example(f"ratio {ratio}", {"x": draw(1, 2, 3, 4)}, options, sizes, places)


def losses() -> Iterator[Example]:
    """Yield the normalisations, pixels that are ignored, and weights of classes."""
    plain = np.resize([0, 2, 1, 1, 3, 0, 2], (2, 3, 2))
    holes = plain.copy()
    holes[0, 0, 1] = holes[1, 1] = 255
    weights = np.array([1.0, 3.0, 0.0, 0.7])
    yield _loss("every pixel counts", plain)
    yield _loss("pixels that are ignored", holes)
    yield _loss("normalization batch", holes, normalization="batch")
    yield _loss("normalization none", holes, normalization="none")
    yield _loss("a class that is ignored", plain, ignore_index=1)
    yield _loss("class weights", holes, class_weight=weights)
    yield _loss("class weights, batch", plain, class_weight=weights, normalization="batch")
    yield _loss("no pixel counts", np.full_like(plain, 255))
    yield _loss("scores of a thousand", plain, scale=1000)


def _loss(about: str, label: np.ndarray, scale: float = 1, **options: Any) -> Example:
    n, *pixels = label.shape
    ignored = label == options.get("ignore_index", 255)
    counting = int((~ignored).sum())
    sizes = {
        "the number of images": n,
        "the number of pixels that count": counting,
        "the number of pixels": label.size,
        "the pixels that count of one image": counting / n,
        "the pixels of one image": label.size / n,
    }
    if "class_weight" in options:
        total = float(options["class_weight"][label[~ignored]].sum())
        sizes["the weight of the pixels that count"] = total
    places = {"where the label is ignored": ignored[:, None]}
    scores = scale * draw(1, n, 4, *pixels)
    return Example(about, {"scores": scores}, {"label": label, **options}, sizes, places)


def scores() -> Iterator[Example]:
    """Yield scores for a softmax, some of which exp cannot take."""
    for about, scale in (("a few scores", 1), ("scores of a thousand", 1000)):
        yield Example(about, {"scores": scale * draw(1, 2, 4, 3, 2)})


def steps() -> Iterator[Example]:
    """Yield steps of descent, from rest and on the way, with decay and without."""
    for about, moving, lr, momentum, decay in (
        ("no momentum, no decay", False, 0.1, 0.0, 0.0),
        ("from rest", False, 0.1, 0.9, 0.0),
        ("on the way", True, 0.1, 0.9, 0.0),
        ("from rest, with decay", False, 0.1, 0.0, 0.05),
        ("all of it", True, 0.3, 0.7, 0.02),
    ):
        arrays = {"weight": draw(1, 2, 3), "dweight": draw(2, 2, 3)}
        arrays["velocity"] = draw(3, 2, 3) if moving else np.zeros((2, 3))
        options = {"lr": lr, "momentum": momentum, "weight_decay": decay}
        sizes = {"lr": lr, "momentum": momentum, "1 - momentum": 1 - momentum}
        yield Example(about, arrays, options, sizes)


def upsamplings() -> Iterator[Example]:
    """Yield bilinear factors."""
    for factor, odd, pad in ((2, False, 0), (2, False, 1), (3, True, 1), (4, False, 2)):
        about = f"factor {factor}, {'odd' if odd else 'even'} kernel, pad {pad}"
        options = {"factor": factor, "odd": odd, "pad": pad}
        yield Example(about, {"x": draw(1, 2, 1, 3, 2)}, options)
