"""Softmax and the loss per pixel in plain loops."""

from __future__ import annotations

from math import exp, log

import numpy as np


def softmax(scores: np.ndarray) -> np.ndarray:
    """Turn the scores of each pixel into probabilities.

    p[n,c,i,j] = exp(scores[n,c,i,j]) / sum_k exp(scores[n,k,i,j])

    Taking the largest score from all of them changes nothing, and exp cannot overflow then.
    """
    p = np.zeros_like(scores)
    for n, c, i, j in np.ndindex(scores.shape):
        largest = max(scores[n, :, i, j])
        total = sum(exp(score - largest) for score in scores[n, :, i, j])
        p[n, c, i, j] = exp(scores[n, c, i, j] - largest) / total
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
    -log p[label] = log(sum_k exp(scores[k])) - scores[label] is right even where p is too small for
    a floating-point number.
    """
    share = _shares(label, normalization, ignore_index, class_weight)
    loss = 0.0
    for n, i, j in np.ndindex(label.shape):
        if share[n, i, j]:
            largest = max(scores[n, :, i, j])
            total = sum(exp(score - largest) for score in scores[n, :, i, j])
            surprise = log(total) + largest - scores[n, label[n, i, j], i, j]
            loss += share[n, i, j] * surprise
    return loss


def softmax_loss_backward(
    dloss: float,
    scores: np.ndarray,
    label: np.ndarray,
    *,
    normalization: str = "valid",
    ignore_index: int = 255,
    class_weight: np.ndarray | None = None,
) -> np.ndarray:
    """Return dscores: by how much each probability is above what it should be, 1 or 0.

    Of one pixel with the true class t, surprise = log(sum_k exp(scores[k])) - scores[t], and

        ∂ log(sum_k exp(scores[k])) / ∂scores[c] = exp(scores[c]) / sum_k exp(scores[k]) = p[c]
        ∂ scores[t] / ∂scores[c]                 = 1 if c = t else 0

    so ∂surprise / ∂scores[c] = p[c] - [c = t]. The loss has w[t]/Z times the surprise, whatever
    comes after it dloss times the loss; an ignored pixel is in no term, and its gradient is 0.
    """
    share = _shares(label, normalization, ignore_index, class_weight)
    p, dscores = softmax(scores), np.zeros_like(scores)
    for n, c, i, j in np.ndindex(scores.shape):
        if share[n, i, j]:
            should_be = 1 if c == label[n, i, j] else 0
            dscores[n, c, i, j] = dloss * share[n, i, j] * (p[n, c, i, j] - should_be)
    return dscores


def _shares(
    label: np.ndarray, normalization: str, ignore_index: int, class_weight: np.ndarray | None
) -> np.ndarray:
    """Return w[label] / Z for each pixel (N, H, W), 0 where it is ignored."""
    weight = np.zeros(label.shape)
    for at in np.ndindex(label.shape):
        if label[at] != ignore_index:
            weight[at] = 1 if class_weight is None else class_weight[label[at]]
    z = {"valid": weight.sum(), "batch": len(label), "none": 1}[normalization]
    return weight / (z or 1)
