"""The loss layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minifcn.backend import IGNORE, Array, array_module, to_device, to_host
from minifcn.functional.softmax import (
    SoftmaxLossCache,
    check_labels,
    check_normalization,
    softmax_loss_backward,
    softmax_loss_forward,
)
from minifcn.layers.layer import Gradients, Layer, Shape


class SoftmaxLoss(Layer):
    """Per-pixel softmax with multinomial logistic loss; inputs are the scores and the labels.

    Parameters
    ----------
    normalization : "valid", "batch" or "none"
        Divide the sum over pixels by the number of labelled pixels, by the number of images, or
        not at all. The learning rate has to fit: see `functional/softmax.py`.
    ignore_index : int
        Label of pixels that do not count. For more than 255 classes it must not be 255.
    class_weight : sequence of float, optional
        Weight of each class in the sum. The paper found balancing unnecessary (section 4.3).
    """

    def __init__(
        self,
        normalization: str = "valid",
        *,
        ignore_index: int = IGNORE,
        class_weight: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        check_normalization(normalization)
        self.normalization = normalization
        self.ignore_index = ignore_index
        self.class_weight: Array | None = None
        if class_weight is not None:
            self.class_weight = np.asarray(class_weight, np.float64)
            able = np.isfinite(self.class_weight) & (self.class_weight >= 0)
            if able.ndim != 1 or not able.all():
                raise ValueError(
                    f"class_weight must be a number from 0 on for each class, not {class_weight}"
                )

    def forward(self, scores: Array, label: Array) -> tuple[Array, SoftmaxLossCache]:
        """Return the loss as an array of no dimensions."""
        xp = array_module(scores)
        if self.class_weight is not None and array_module(self.class_weight) is not xp:
            self.class_weight = to_device(to_host(self.class_weight), xp)  # not in every step
        return softmax_loss_forward(
            scores,
            label,
            normalization=self.normalization,
            ignore_index=self.ignore_index,
            class_weight=self.class_weight,
        )

    def backward(self, dy: Array, cache: SoftmaxLossCache) -> Gradients:
        """Return the gradient of the scores; labels have none."""
        return (softmax_loss_backward(dy, cache), None), {}

    def output_shape(self, scores_shape: Shape, label_shape: Shape) -> Shape:
        """Return the shape of one number, or raise ValueError if scores and labels do not fit."""
        check_labels(scores_shape, label_shape, self.ignore_index)
        return ()

    def footprint(self) -> None:
        """Return None: a loss has no position."""
        return None
