"""Softmax and the per-pixel multinomial logistic loss (section 3.4 and 4.1 of the paper)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minifcn.backend import IGNORE, Array, array_module
from minifcn.functional.cuda.launch import usable
from minifcn.functional.cuda.softmax import launch_softmax_loss, launch_softmax_loss_backward

NORMALIZATIONS = ("valid", "batch", "none")


class SoftmaxLossCache(NamedTuple):
    """What the backward pass needs."""

    probability: Array  # (N, C, H, W)
    label: Array  # int (N, H, W); at ignored pixels any number, their weight is 0
    weight: Array  # (N, H, W): each pixel's weight in the loss, divided by the normaliser


def softmax(scores: Array) -> Array:
    """Return exp(scores) / sum over channels of exp(scores), computed without overflow.

    Parameters
    ----------
    scores : array (N, C, ...)
    """
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

    Parameters
    ----------
    scores : array (N, C, H, W), or (N, C) for a classifier
    label : int array (N, H, W), or (N,); 0 ... C-1, or `ignore_index`
    normalization : "valid", "batch" or "none"
        Z is the total weight of the pixels that count, the number of images N, or 1. The
        reference's VGG nets use "batch" with one image: a plain sum over some 200,000 pixels,
        which is why their learning rate is 1e-10.
    ignore_index : int
    class_weight : array (C,), optional
        w above; 1 for every class if not given.

    Returns
    -------
    loss : array of no dimensions, dtype of scores (it stays on the device)
    cache : SoftmaxLossCache

    Raises
    ------
    ValueError
        If the shapes of scores and label do not agree, or (looked at on the host only, where it
        costs no synchronisation) a label is neither a class nor `ignore_index`.
    """
    xp = array_module(scores)
    if scores.shape[:1] + scores.shape[2:] != label.shape:
        raise ValueError(
            f"softmax loss: scores {scores.shape} ask for labels "
            f"{scores.shape[:1] + scores.shape[2:]}, got {label.shape}"
        )
    valid = label != ignore_index
    if xp is np and (bad := label[valid & ((label < 0) | (label >= scores.shape[1]))]).size:
        raise ValueError(
            f"softmax loss: labels must be 0 ... {scores.shape[1] - 1} or {ignore_index} (ignore), "
            f"got {sorted(set(bad.tolist()))[:5]}"
        )
    if usable(scores):
        parts = launch_softmax_loss(scores, label, class_weight, ignore_index)
        probability, surprise, index, weight = parts
    else:
        probability = softmax(scores)
        index = xp.where(valid, label, 0)
        weight = valid.astype(scores.dtype)
        if class_weight is not None:
            weight *= class_weight[index].astype(scores.dtype)
        # The probability of the true class, (N, H, W); a floor keeps the logarithm finite.
        true = xp.take_along_axis(probability, index[:, None], axis=1)[:, 0]
        surprise = -xp.log(xp.maximum(true, xp.finfo(scores.dtype).tiny))
    if normalization == "valid":
        # At least 1 (or a tiny weight), so that a batch without a labelled pixel has loss 0.
        total = weight.sum()
        weight /= xp.where(total > 0, total, xp.ones_like(total))
    elif normalization == "batch":
        weight /= len(scores)
    return (weight * surprise).sum(), SoftmaxLossCache(probability, index, weight)


def softmax_loss_backward(dloss: Array, cache: SoftmaxLossCache) -> Array:
    """Return dscores = dloss * w / Z * (p - onehot(label)), zero at ignored pixels."""
    probability, index, weight = cache
    if usable(probability):
        return launch_softmax_loss_backward(dloss, *cache)
    xp = array_module(probability)
    dscores = probability * weight[:, None]
    true = xp.take_along_axis(dscores, index[:, None], axis=1) - weight[:, None]
    xp.put_along_axis(dscores, index[:, None], true, axis=1)
    return dscores * dloss
