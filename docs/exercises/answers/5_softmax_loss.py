"""Answer 5: the gradient of the loss per pixel.

At one pixel, with t for the true class,

    ∂ log(sum_k exp(s[k])) / ∂s[c] = exp(s[c]) / sum_k exp(s[k]) = p[c]
    ∂ s[t] / ∂s[c]                 = 1 if c = t else 0

so the surprise has the derivative p[c] - 1 for the true class, and p[c] for the others: by how much
a probability is above what it should be. The loss has weight/Z times the surprise, and dloss comes
before it all. A pixel that is ignored stands in no term, so its gradient is 0.
"""

import numpy as np


def softmax_loss_backward(
    dloss, scores, label, *, normalization="valid", ignore_index=255, class_weight=None
):
    """Return dscores: dloss * weight/Z * (p - 1 of the true class)."""
    weight = np.zeros(label.shape)  # 0 where a pixel is ignored
    for at in np.ndindex(label.shape):
        if label[at] != ignore_index:
            weight[at] = 1 if class_weight is None else class_weight[label[at]]
    z = {"valid": weight.sum(), "batch": len(label), "none": 1}[normalization] or 1

    dscores = np.zeros_like(scores)
    for n, i, j in np.ndindex(label.shape):
        if label[n, i, j] != ignore_index:
            e = np.exp(scores[n, :, i, j] - scores[n, :, i, j].max())
            dscores[n, :, i, j] = e / e.sum()
            dscores[n, label[n, i, j], i, j] -= 1
            dscores[n, :, i, j] *= dloss * weight[n, i, j] / z
    return dscores
