"""Exercise 5: the gradient of the loss per pixel, where some pixels do not count.

    python -m minifcn.gradcheck --yours docs/exercises/5_softmax_loss.py

The page: docs/layers/softmax-loss.md

Forwards, the scores of a pixel become probabilities p[c] = exp(s[c]) / sum_k exp(s[k]), and the
loss is the surprise at the true class t, -log p[t]. Pixels are weighed by their class, and what
they lose is added up and divided by Z: the total weight of the pixels that count ("valid"), the
number of images ("batch") or 1 ("none"). Pixels whose label is `ignore_index` are in none of these
sums.

Wanted: dscores. From above comes one number, dloss = ∂L/∂loss.

Hint. First one pixel alone. -log p[t] = log(sum_k exp(s[k])) - s[t]. Differentiate it by s[c], for
c = t and for c other than t: it is short, and what remains of the first term has a name already.
Then: how often does the surprise of pixel (n, i, j) stand in the loss, and with which factor? You
need Z before the first gradient, so there will be two loops.
"""

import numpy as np


def probabilities(scores):
    """Return p (C,) of one pixel with scores (C,), given."""
    e = np.exp(scores - scores.max())  # taking the largest from all changes no probability
    return e / e.sum()


def surprise(scores, true):
    """Return -log p[true] of one pixel with scores (C,), given; right even where p is tiny."""
    largest = scores.max()
    return np.log(np.exp(scores - largest).sum()) + largest - scores[true]


def softmax_loss(scores, label, *, normalization="valid", ignore_index=255, class_weight=None):
    """Return the loss, a number: the forward pass, given."""
    total, loss = 0.0, 0.0
    for n, i, j in np.ndindex(label.shape):
        true = label[n, i, j]
        if true != ignore_index:
            weight = 1 if class_weight is None else class_weight[true]
            total += weight
            loss += weight * surprise(scores[n, :, i, j], true)
    z = {"valid": total, "batch": len(label), "none": 1}[normalization]
    return loss / (z or 1)  # if no pixel counts, the loss is 0


def softmax_loss_backward(
    dloss, scores, label, *, normalization="valid", ignore_index=255, class_weight=None
):
    """Return dscores.

    dloss         : float
    scores        : array (N, C, H, W)
    label         : int array (N, H, W), a class below C or ignore_index
    normalization : "valid", "batch" or "none"
    ignore_index  : int; it may be one of the classes, or no index at all, as 255 and -1
    class_weight  : array (C,), at least 0, or None for 1 each
    dscores       : array (N, C, H, W)
    """
    dscores = np.zeros_like(scores)
    raise NotImplementedError("in place of this line: Z, and the loop that fills dscores")
    return dscores
