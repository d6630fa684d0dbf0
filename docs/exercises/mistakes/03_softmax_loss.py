"""Find the mistake 3: the loss per pixel.

Forwards, with p = softmax(scores) over the classes of a pixel:

    loss = -1/Z sum_{n,i,j} w[label] * log p[n, label, i, j]

over the pixels whose label is not `ignore_index`. Z is their total weight ("valid"), the number of
images ("batch") or 1 ("none").
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
    w = w[np.where(counts, label, 0)]  # (N, H, W)
    z = {"valid": w[counts].sum(), "batch": len(label), "none": 1}[normalization]

    onehot = (classes[:, None, None] == label[:, None]) & counts[:, None]  # (N, C, H, W)
    return dloss / (z or 1) * w[:, None] * (p - onehot)
