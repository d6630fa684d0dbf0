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

    Of one pixel with the true class t, surprise = log(S) - scores[t] with S = sum_k exp(scores[k]).
    In S only the term k = c depends on scores[c], so

        ∂log(S) / ∂scores[c]     = 1/S * ∂S/∂scores[c] = 1/S * exp(scores[c]) = p[c]
        ∂scores[t] / ∂scores[c]  = 1 if c = t else 0
        ∂surprise / ∂scores[c]   = p[c] - [c = t]

    The loss is a sum over pixels of w[t]/Z times the surprise, in which scores[n,c,i,j] is part of
    its own pixel's term alone. w[t] and Z depend on the labels and not on the scores, so they are
    constants here, and by the chain rule

        dscores[n,c,i,j] = dloss * w[t]/Z * (p[n,c,i,j] - [c = t]),     t = label[n,i,j]

    An ignored pixel is in no term: its gradient is 0.
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
