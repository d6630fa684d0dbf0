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
    if every < 1:
        raise ValueError(f"policy 'step': every must be at least 1, not {every}")
    if not 0 < gamma <= 1:
        raise ValueError(f"policy 'step': gamma must be above 0 and at most 1, not {gamma}")
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
    if steps < 1:
        raise ValueError(f"policy 'poly': steps must be at least 1, not {steps}")
    if not power > 0:
        raise ValueError(f"policy 'poly': power must be above 0, not {power}")
    return lambda t: lr * max(0.0, 1 - t / steps) ** power


def with_warm_up(policy: Policy, steps: int) -> Policy:
    """Return the policy rate(t) = policy(t) * min(1, (t + 1) / (steps + 1)).

    The rate climbs in a straight line for `steps` steps and is `policy`'s own afterwards; 0 steps
    leave it as it is. Caffe has no such policy.
    """
    if steps < 0:
        raise ValueError(f"the steps of the warm-up must be at least 0, not {steps}")
    return lambda t: policy(t) * min(1.0, (t + 1) / (steps + 1))


def policy_from_name(name: str, lr: float, *, steps: int, warm_up: int = 0) -> Policy:
    """Return the policy of that name for a run of `steps` steps, with usual values for the rest.

    Parameters
    ----------
    name : {"fixed", "step", "poly"}
        "step" drops to a tenth after each third of the run; "poly" has the power 0.9.
    lr : float
        The rate of the first steps, the warm-up aside.
    steps : int, at least 1
        Steps of the whole run.
    warm_up : int, at least 0
        Steps over which the rate climbs at the start.

    Raises
    ------
    ValueError
        If the name is unknown or a number is out of its range.
    """
    policies = {
        "fixed": lambda: fixed(lr),
        "step": lambda: step(lr, gamma=0.1, every=-(-steps // 3)),
        "poly": lambda: poly(lr, power=0.9, steps=steps),
    }
    if name not in policies:
        raise ValueError(f"unknown policy {name!r}; known are {', '.join(policies)}")
    return with_warm_up(policies[name](), warm_up)
