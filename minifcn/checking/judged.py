"""The operations that a learner's function is judged by, each with mistakes of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from minifcn.checking import examples
from minifcn.checking.case import Arrays
from minifcn.checking.examples import Example
from minifcn.functional import naive


class Operation(NamedTuple):
    """An operation in plain loops, and what a function of a learner is asked."""

    forward: Callable[..., Any]
    backward: Callable[..., Any] | None
    takes: tuple[str, ...]  # the arrays that `backward` is given after dy
    examples: Callable[[], Iterator[Example]]
    # What is often computed in its place: from an example and dy the gradients, by name, or without
    # a backward pass the results. `mistakes.py` has those of every operation.
    mistakes: Mapping[str, Callable[[Example, Any], Any]] = {}


def _numerator_alone(example: Example, dy: np.ndarray) -> Arrays:
    x = example.arrays["x"]
    return {"dx": dy * naive.lrn(x, **example.options) / x}


def _no_one_taken_off(example: Example, dloss: float) -> Arrays:
    """Return dloss * share * p: what is right for all classes but the true one."""
    scores, label = example.arrays["scores"], example.options["label"]
    right = naive.softmax_loss_backward(dloss, scores, **example.options)
    p = naive.softmax(scores)
    true = np.arange(scores.shape[1])[:, None, None] == label[:, None]
    with np.errstate(invalid="ignore"):  # 0 / 0 where p is exactly what it should be
        share = abs(right).sum(axis=1, keepdims=True) / abs(p - true).sum(axis=1, keepdims=True)
    return {"dscores": p * share}


def _step(
    rule: Callable[[np.ndarray, np.ndarray, np.ndarray, float, float], tuple[np.ndarray, ...]],
) -> Callable[[Example, Any], tuple[np.ndarray, ...]]:
    """Return a mistake of a step: the rule's weight and velocity."""

    def mistake(example: Example, _: Any) -> tuple[np.ndarray, ...]:
        weight, dweight, velocity = example.arrays.values()
        lr, momentum, decay = (example.options[n] for n in ("lr", "momentum", "weight_decay"))
        return rule(weight, dweight + decay * weight, velocity, lr, momentum)

    return mistake


# Of the weight w, its gradient g with the decay in it, the velocity v, the rate and the momentum.
STEP_MISTAKES = {
    "with the rate on the old velocity too": _step(
        lambda w, g, v, lr, m: (w - lr * (m * v + g), lr * (m * v + g))
    ),
    "with the rate outside of the velocity": _step(
        lambda w, g, v, lr, m: (w - lr * (m * v + g), m * v + g)
    ),
    "with the gradient weighed by 1 - momentum": _step(
        lambda w, g, v, lr, m: (w - m * v - (1 - m) * lr * g, m * v + (1 - m) * lr * g)
    ),
    "with the step added, uphill": _step(
        lambda w, g, v, lr, m: (w + m * v + lr * g, m * v + lr * g)
    ),
    "with the old velocity in place of the new one": _step(
        lambda w, g, v, lr, m: (w - v, m * v + lr * g)
    ),
}


# By the name of the forward function; the backward function has `_backward` behind it.
OPERATIONS = {
    "conv2d": Operation(
        naive.conv2d, naive.conv2d_backward, ("x", "weight"), examples.convolutions
    ),
    "deconv2d": Operation(
        naive.deconv2d, naive.deconv2d_backward, ("x", "weight"), examples.deconvolutions
    ),
    "max_pool": Operation(naive.max_pool, naive.max_pool_backward, ("x",), examples.max_poolings),
    "avg_pool": Operation(naive.avg_pool, naive.avg_pool_backward, ("x",), examples.poolings),
    "relu": Operation(naive.relu, naive.relu_backward, ("x",), examples.rectifiers),
    "lrn": Operation(
        naive.lrn,
        naive.lrn_backward,
        ("x",),
        examples.normalisations,
        {"from the numerator alone; but x counts in the scale too": _numerator_alone},
    ),
    "linear": Operation(
        naive.linear, naive.linear_backward, ("x", "weight"), examples.inner_products
    ),
    "dropout": Operation(naive.dropout, naive.dropout_backward, (), examples.dropouts),
    "softmax_loss": Operation(
        naive.softmax_loss,
        naive.softmax_loss_backward,
        ("scores",),
        examples.losses,
        {"with p in place of p - [c = t]": _no_one_taken_off},
    ),
    "softmax": Operation(naive.softmax, None, (), examples.scores),
    "sgd_step": Operation(naive.sgd_step, None, (), examples.steps, STEP_MISTAKES),
    "bilinear_upsampling": Operation(naive.bilinear_upsampling, None, (), examples.upsamplings),
}
