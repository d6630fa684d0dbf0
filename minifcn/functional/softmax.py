"""Softmax and the per-pixel multinomial logistic loss (section 3.4 and 4.1 of the paper)."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np

from minifcn.backend import IGNORE, Array, array_module, cut, parallel_map
from minifcn.functional.arguments import require_channels, require_floats
from minifcn.functional.cuda.bind import kernel
from minifcn.functional.cuda.softmax import launch_softmax_loss, launch_softmax_loss_backward
from minifcn.functional.fast.recycle import recycled

NORMALIZATIONS = ("valid", "batch", "none")
STRIP_BYTES = 1 << 21  # of the scores of a strip; smaller ones cost threads more than they save


class SoftmaxLossCache(NamedTuple):
    """What the backward pass needs."""

    probability: Array  # (N, C, H, W)
    label: Array  # int (N, H, W); at ignored pixels any number, their weight is 0
    weight: Array  # (N, H, W): each pixel's weight in the loss, divided by the normaliser


def softmax(scores: Array) -> Array:
    """Return exp(scores) / sum over channels of exp(scores), computed without overflow.

    Parameters
    ----------
    scores : array (N, C, ...), float32 or float64

    Raises
    ------
    ValueError
        If the scores are of another type, or of no class.
    """
    require_floats("softmax", scores)
    require_channels("softmax", scores.shape)
    xp = array_module(scores)
    probability = xp.exp(scores - scores.max(axis=1, keepdims=True))
    probability /= probability.sum(axis=1, keepdims=True)
    return probability


def softmax_loss_forward(
    scores: Array,
    label: Array,
    *,
    normalization: str = "valid",
    ignore_index: int = IGNORE,
    class_weight: Array | None = None,
) -> tuple[Array, SoftmaxLossCache]:
    """Sum -log softmax(scores)[label] over all pixels that are not ignored, and normalise.

    loss = -1/Z sum_{n,i,j} w[label] log p[n, label, i, j],    p = softmax(scores) over channels

    The logarithm is taken of the sum in the softmax, not of p: -log p = log(sum_k exp s_k) - s.
    So it is right where p is too small for its type. (Caffe takes that of p, or of the smallest
    number if p is smaller: there no pixel costs more than 87.3, however far a net has diverged.)

    Parameters
    ----------
    scores : array (N, C, H, W), or (N, C) for a classifier; float32 or float64
    label : int array (N, H, W), or (N,); 0 ... C-1, or `ignore_index`
    normalization : "valid", "batch" or "none"
        Z is the total weight of the pixels that count, the number of images N, or 1. The
        reference's VGG nets use "batch" with one image: a plain sum over some 200,000 pixels,
        which is why their learning rate is 1e-10.
    ignore_index : int
        The label of pixels that do not count. It may be a class, which is left out then; but where
        255 is a class, another number must be given.
    class_weight : array (C,), optional
        w above; 1 for every class if not given.

    Returns
    -------
    loss : array of no dimensions, dtype of scores (it stays on the device)
    cache : SoftmaxLossCache

    Raises
    ------
    ValueError
        If the shapes of scores, label and class_weight do not agree, the scores are not of a
        floating-point type or the labels not of integers, 255 is a class and to be ignored, or
        (looked at on the host only, where it costs no synchronisation) a label is neither a class
        nor `ignore_index`.
    """
    xp = array_module(scores)
    check_normalization(normalization)
    check_labels(scores.shape, label.shape, ignore_index)
    _check_arrays(scores, label, class_weight)
    if xp is np:
        _check_values(label, scores.shape[1], ignore_index)
    if class_weight is not None:
        class_weight = class_weight.astype(scores.dtype)
    parts = _each_pixel(scores, label, class_weight, ignore_index)
    probability, surprise, index, weight = parts
    surprise = xp.where(weight != 0, surprise, 0)  # it may be infinite where it does not count
    if normalization == "valid":
        # Not 0, so that a batch without a labelled pixel has loss 0.
        total = weight.sum()
        weight /= xp.where(total != 0, total, xp.ones_like(total))
    elif normalization == "batch":
        weight /= len(scores)
    return (weight * surprise).sum(), SoftmaxLossCache(probability, index, weight)


@kernel(launch_softmax_loss)
def _each_pixel(
    scores: Array, label: Array, class_weight: Array | None, ignore_index: int
) -> tuple[Array, Array, Array, Array]:
    """Return the parts of the loss before it is normalised and summed.

    Returns
    -------
    probability : array (N, C, H, W)
    surprise : array (N, H, W)
        -log of the probability of the pixel's class; at ignored pixels any number.
    index : int array (N, H, W)
        The pixel's class; at ignored pixels any number.
    weight : array (N, H, W)
        Weight of the pixel's class, 0 where the pixel is ignored.
    """
    xp = array_module(scores)
    probability = recycled(xp, scores.shape, scores.dtype)
    surprise, weight = (xp.empty(label.shape, scores.dtype) for _ in range(2))
    index = xp.empty_like(label)

    def compute(part: tuple[slice, ...]) -> None:
        pixels = part[:1] + part[2:]
        valid = label[pixels] != ignore_index
        index[pixels] = xp.where(valid, label[pixels], 0)
        strip, less = scores[part], probability[part]
        # Less than 0, so that exp does not overflow.
        xp.subtract(strip, strip.max(axis=1, keepdims=True), out=less)
        true = probability.reshape(-1)[_own_places(index, part, scores.shape)]
        xp.exp(less, out=less)
        total = less.sum(axis=1, keepdims=True)
        less /= total
        surprise[pixels] = xp.log(total)[:, 0] - true
        weight[pixels] = valid

    parallel_map(xp, compute, _strips(scores))
    if class_weight is not None:
        weight *= class_weight[index]
    return probability, surprise, index, weight


def _own_places(index: Array, part: tuple[slice, ...], shape: tuple[int, ...]) -> Array:
    """Return where, in flat scores (N, C, ...), those of the pixels' own classes are.

    Four times as fast as `take_along_axis`, which has an index for each axis.
    """
    xp, (n, c, *size) = array_module(index), shape
    images = xp.arange(n).reshape(n, *[1] * len(size))[part[0]]
    pixels = xp.arange(prod(size)).reshape(size)[part[2:]]
    index = index[part[:1] + part[2:]].astype(xp.intp)
    return (images * c + index) * prod(size) + pixels


def _strips(scores: Array) -> list[tuple[slice, ...]]:
    """Cut (N, C, H, W) into rows of an image that stay in a core's cache; other scores not."""
    everything = (slice(None),) * scores.ndim
    if array_module(scores) is not np or scores.ndim != 4:
        return [everything]
    n, c, h, w = scores.shape
    count = max(1, min(h, c * h * w * scores.itemsize // STRIP_BYTES))
    return [
        (slice(image, image + 1), slice(None), rows, slice(None))
        for image in range(n)
        for rows in cut(h, count)
    ]


def _check_arrays(scores: Array, label: Array, class_weight: Array | None) -> None:
    require_floats("softmax loss", scores)
    if label.dtype.kind not in "iu":
        raise ValueError(f"softmax loss: labels must be integers, not {label.dtype}")
    if class_weight is not None and class_weight.shape != scores.shape[1:2]:
        raise ValueError(
            f"softmax loss: {scores.shape[1]} classes ask for as many weights, got an array of "
            f"shape {class_weight.shape}"
        )


def _check_values(label: Array, classes: int, ignore_index: int) -> None:
    bad = label[(label != ignore_index) & ((label < 0) | (label >= classes))]
    if bad.size:
        raise ValueError(
            f"softmax loss: labels must be 0 ... {classes - 1} or {ignore_index} (ignore), "
            f"got {sorted(set(bad.tolist()))[:5]}"
        )


def check_normalization(normalization: str) -> None:
    """Raise ValueError unless it is one of NORMALIZATIONS."""
    if normalization not in NORMALIZATIONS:
        raise ValueError(f"normalization must be one of {NORMALIZATIONS}, not {normalization!r}")


def check_labels(scores: tuple[int, ...], label: tuple[int, ...], ignore_index: int) -> None:
    """Raise ValueError unless labels of one shape fit scores of another."""
    require_channels("softmax loss", scores)
    if scores[:1] + scores[2:] != label:
        raise ValueError(
            f"softmax loss: scores {scores} ask for labels {scores[:1] + scores[2:]}, got {label}"
        )
    check_ignore_index("softmax loss", scores[1], ignore_index)


def check_ignore_index(what: str, num_classes: int, ignore_index: int) -> None:
    """Raise ValueError if 255, the usual label of what does not count, is to be a class as well."""
    if ignore_index == IGNORE < num_classes:
        raise ValueError(
            f"{what}: {IGNORE} is one of the {num_classes} classes, so it cannot be the label to "
            "ignore; give another ignore_index, such as -1"
        )


def softmax_loss_backward(dloss: Array, cache: SoftmaxLossCache) -> Array:
    """Return dscores = dloss * w / Z * (p - onehot(label)), zero at ignored pixels."""
    return _to_scores(dloss, *cache)


@kernel(launch_softmax_loss_backward)
def _to_scores(dloss: Array, probability: Array, index: Array, weight: Array) -> Array:
    xp = array_module(probability)
    dscores = recycled(xp, probability.shape, probability.dtype)

    def compute(part: tuple[slice, ...]) -> None:
        share = weight[part[:1] + part[2:]] * dloss
        xp.multiply(probability[part], share[:, None], out=dscores[part])
        dscores.reshape(-1)[_own_places(index, part, dscores.shape)] -= share

    parallel_map(xp, compute, _strips(probability))
    return dscores
