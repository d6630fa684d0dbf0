"""Find the mistake 5: the loss per pixel, once more.

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
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)

    dscores = np.zeros_like(scores)
    for n, i, j in np.ndindex(label.shape):
        true = label[n, i, j]
        if true == ignore_index:
            continue
        w = 1 if class_weight is None else class_weight[true]
        dscores[n, :, i, j] = w * p[n, :, i, j]
        dscores[n, true, i, j] -= w

    z = len(label) if normalization == "batch" else 1
    return dloss * dscores / z
