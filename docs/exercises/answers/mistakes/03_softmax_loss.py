"""The mistake 3: the loss per pixel. The pixels that are ignored were forgotten.

They were left out of Z and of the ones, but their p stayed in the result, weighed like the first
class: each of them asks for lower scores of all classes. Their gradient should be 0, so there is no
ratio to be shown, and all wrong entries are at one kind of place:

    -> only where the label is ignored

Where every pixel counts, it is right.

    every pixel counts       right
"""

import numpy as np


def softmax_loss_backward(
    dloss, scores, label, *, normalization="valid", ignore_index=255, class_weight=None
):
    """Return dscores (N, C, H, W), from a number and from label (N, H, W)."""
    classes = np.arange(scores.shape[1])
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    counts = label != ignore_index
    w = np.ones(len(classes)) if class_weight is None else class_weight
    w = np.where(counts, w[np.where(counts, label, 0)], 0)  # (N, H, W)
    z = {"valid": w[counts].sum(), "batch": len(label), "none": 1}[normalization]

    onehot = (classes[:, None, None] == label[:, None]) & counts[:, None]  # (N, C, H, W)
    return dloss / (z or 1) * w[:, None] * (p - onehot)
