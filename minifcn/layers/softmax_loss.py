"""The loss layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
    sample : float in (0, 1]
        The probability with which a labelled pixel counts in training, drawn anew each time; the
        others are as if they were not labelled, and "valid" is the mean over those that count.
        That is how the paper compares patches with whole images (sections 3.4 and 4.3, Figure 5);
        it takes 1 / sample times as many images at once then, so that as many pixels count.
    """

    def __init__(
        self,
        normalization: str = "valid",
        *,
        ignore_index: int = IGNORE,
        class_weight: Sequence[float] | None = None,
        sample: float = 1.0,
    ) -> None:
        super().__init__()
        if not 0 < sample <= 1:
            raise ValueError(f"sample must be above 0 and at most 1, not {sample}")
        self.sample = sample
        self.draws = sample < 1
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

    def forward(
        self, scores: Array, label: Array, *, rng: Any = None
    ) -> tuple[Array, SoftmaxLossCache]:
        """Return the loss as an array of no dimensions; `rng` decides which pixels count."""
        if self.draws:
            if rng is None:
                raise ValueError("a sampled loss needs a random generator to train: pass rng=")
            left_out = rng.random(label.shape) >= self.sample
            ignore = label.dtype.type(self.ignore_index)
            label = array_module(label).where(left_out, ignore, label)
        return self._loss(scores, label)

    def infer(self, scores: Array, label: Array) -> Array:
        """Return the loss of all labelled pixels."""
        return self._loss(scores, label)[0]

    def _loss(self, scores: Array, label: Array) -> tuple[Array, SoftmaxLossCache]:
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
