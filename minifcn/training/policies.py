"""Learning rates as functions of the step, under Caffe's names.

A policy is a callable that takes the number of updates already made and returns the learning rate
of the next one. It has no state, so a resumed run needs nothing but its step.

Source: Caffe's `SGDSolver::GetLearningRate` (fixed, step, poly). The paper trains with "fixed".
"""

from __future__ import annotations

from collections.abc import Callable

Policy = Callable[[int], float]


def fixed(lr: float) -> Policy:
    """Return the policy rate(t) = lr."""
    return lambda t: lr


def step(lr: float, gamma: float, every: int) -> Policy:
    """Return the policy rate(t) = lr * gamma ** floor(t / every).

    Parameters
    ----------
    lr : float
        The rate of the first steps (Caffe's base_lr).
    gamma : float, above 0 and at most 1
        Factor at each drop.
    every : int, at least 1
        Steps between drops (Caffe's stepsize).
    """
    return lambda t: lr * gamma ** (t // every)


def poly(lr: float, power: float, steps: int) -> Policy:
    """Return the policy rate(t) = lr * (1 - t / steps) ** power, and 0 from `steps` on.

    Parameters
    ----------
    lr : float
        The rate of the first step (Caffe's base_lr).
    power : float, above 0
        1 falls in a straight line.
    steps : int, at least 1
        Steps of the whole run (Caffe's max_iter).
    """
    return lambda t: lr * max(0.0, 1 - t / steps) ** power


def with_warm_up(policy: Policy, steps: int) -> Policy:
    """Return the policy rate(t) = policy(t) * min(1, (t + 1) / (steps + 1)).

    The rate climbs in a straight line for `steps` steps and is `policy`'s own afterwards; 0 steps
    leave it as it is. Caffe has no such policy.
    """
    return lambda t: policy(t) * min(1.0, (t + 1) / (steps + 1))


# By the first rate and the steps of the whole run: "step" drops to a tenth after each third of it.
POLICIES: dict[str, Callable[[float, int], Policy]] = {
    "fixed": lambda lr, steps: fixed(lr),
    "step": lambda lr, steps: step(lr, gamma=0.1, every=-(-steps // 3)),
    "poly": lambda lr, steps: poly(lr, power=0.9, steps=steps),
}
