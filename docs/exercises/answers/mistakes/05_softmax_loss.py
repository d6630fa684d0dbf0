"""The mistake 5: the loss per pixel. With "valid" it was left a sum, where the loss is a mean.

Z is the weight of the pixels that count, and division by it was forgotten. So every entry is too
large by that factor:

    -> 12 times as large: a factor of the number of pixels that count, or a
       factor of the number of pixels?

"batch" and "none" divide by what they should, and are right. A net that is trained with this runs
with the rate times the number of its pixels.

    normalization batch      right
    normalization none       right
"""

import numpy as np


def softmax_loss_backward(
    dloss, scores, label, *, normalization="valid", ignore_index=255, class_weight=None
):
    """Return dscores (N, C, H, W), from a number and from label (N, H, W)."""
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)

    dscores, total = np.zeros_like(scores), 0
    for n, i, j in np.ndindex(label.shape):
        true = label[n, i, j]
        if true == ignore_index:
            continue
        w = 1 if class_weight is None else class_weight[true]
        dscores[n, :, i, j] = w * p[n, :, i, j]
        dscores[n, true, i, j] -= w
        total += w

    z = {"valid": total, "batch": len(label), "none": 1}[normalization]
    return dloss * dscores / (z or 1)
