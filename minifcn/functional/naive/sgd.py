"""One step of gradient descent in plain loops."""

from __future__ import annotations

import numpy as np


def sgd_step(
    weight: np.ndarray,
    dweight: np.ndarray,
    velocity: np.ndarray,
    *,
    lr: float,
    momentum: float,
    weight_decay: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weight and the velocity after one step of descent, in Caffe's form.

    velocity[p] <- momentum * velocity[p] + lr * (dweight[p] + weight_decay * weight[p])
    weight[p]   <- weight[p] - velocity[p]

    What is descended is L + weight_decay / 2 * sum_p weight[p]**2. The derivative of its second
    term by weight[p] is weight_decay * weight[p], which is therefore added to dweight[p].

    Momentum is a memory. A gradient g that comes once moves the weight by lr * g now, in the next
    step by momentum * lr * g, then by momentum**2 * lr * g, and in the long run by the whole sum

        lr * g * (1 + momentum + momentum**2 + ...) = lr * g / (1 - momentum)

    so 0.99 makes of each gradient a hundred times its own step, and 0.9 ten times.
    """
    next_weight, next_velocity = np.zeros_like(weight), np.zeros_like(velocity)
    for at in np.ndindex(weight.shape):
        gradient = dweight[at] + weight_decay * weight[at]
        next_velocity[at] = momentum * velocity[at] + lr * gradient
        next_weight[at] = weight[at] - next_velocity[at]
    return next_weight, next_velocity
