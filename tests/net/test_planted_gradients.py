"""Wrong gradients, planted on purpose: the gradient check finds every one.

Each fault below is a mistake that somebody could make in writing the backward pass of a layer. It
takes the right backward pass and returns a wrong one; the check must accept the first and reject
the second. Without this, a check that accepts everything would look like a perfect suite.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers.cases import EXAMPLES
from helpers.layer_cases import first_of

from minifcn.layers import Conv2d
from minifcn.net.gradcheck import Report, check_layer

Backward = Callable[[Any, Any], tuple[Any, dict[str, Any]]]
Fault = Callable[[Backward, Any, Any], tuple[Any, dict[str, Any]]]


# Their first examples have square kernels, so that exchanged axes keep their shape.
LAYERS = ["scale", "weighted sum", "equals in a row", "crop", *EXAMPLES]


def check(kind: str, fault: Fault | None = None) -> Report:
    """Check a layer's gradients, with a fault in its backward pass if one is given."""
    layer, bottoms = first_of(kind)
    if fault is not None:
        right = layer.backward
        layer.backward = lambda dy, cache: fault(right, dy, cache)
    inputs = [bottom.copy() for bottom in bottoms]
    return check_layer(layer, inputs=inputs)


@pytest.mark.parametrize("kind", LAYERS)
def test_the_right_gradients_are_accepted(kind):
    report = check(kind)
    assert report.ok, f"\n{report}"


# Faults: what a wrong backward pass would return, given the right one


def changes(of: str, how: Callable[[Any], Any]) -> Fault:
    """Return the fault that changes the gradient of "input", of all inputs, or of a parameter."""

    def fault(right, dy, cache):
        dxs, grads = right(dy, cache)
        if of != "input":
            return dxs, grads | {of: how(grads[of])}
        if isinstance(dxs, tuple):
            return tuple(dx if dx is None else how(dx) for dx in dxs), grads
        return how(dxs), grads

    return fault


def uses(**wrong: Callable[[Any], Any]) -> Fault:
    """Return the fault that finds other values in the cache: of each field, of the true cache."""
    return lambda right, dy, cache: right(
        dy, cache._replace(**{field: value(cache) for field, value in wrong.items()})
    )


def sees_the_first_image_only(right, dy, cache):
    first = dy * (np.arange(len(dy)) == 0)[:, None, None, None]
    dx, grads = right(dy, cache)
    return dx, grads | {"weight": right(first, cache)[1]["weight"]}


def goes_to_every_pixel(right, dy, cache):
    places = [right(dy, cache._replace(argmax=np.full_like(cache.argmax, n))) for n in range(9)]
    return sum(dx for dx, _ in places), {}


def overwrites_where_windows_overlap(right, dy, cache):
    last = np.zeros_like(right(dy, cache)[0])
    for i, j in np.ndindex(dy.shape[2:]):
        one = np.zeros_like(dy)
        one[:, :, i, j] = dy[:, :, i, j]
        dx = right(one, cache)[0]
        last = np.where(dx != 0, dx, last)
    return last, {}


def divides_by_the_whole_window_at_the_edge(right, dy, cache):
    dy = dy.copy()
    dy[:, :, -1] *= 2 / 3  # two rows of this window exist
    return right(dy, cache)


COMMON_FAULTS: dict[str, Fault] = {
    "ignores dy": lambda right, dy, cache: right(np.ones_like(dy), cache),
    # A loss has a single dy, of which the reverse is the opposite.
    "reverses dy": lambda right, dy, cache: right(np.flip(dy) if np.ndim(dy) else -dy, cache),
    "loses the gradient of the input": changes("input", lambda dx: 0 * dx),
    "is off by a thousandth": changes("input", lambda dx: 1.001 * dx),
    "loses the last pixel": changes(
        "input", lambda dx: dx * (np.arange(dx.shape[-1]) < dx.shape[-1] - 1)
    ),
}

SWAPS_THE_KERNEL_AXES = changes("weight", lambda dweight: dweight.swapaxes(2, 3))
OF_KERNELS: dict[str, Fault] = {
    "swaps the kernel axes": SWAPS_THE_KERNEL_AXES,
    "flips the kernel": uses(weight=lambda cache: cache.weight[:, :, ::-1, ::-1]),
    "drops the bias": changes("bias", lambda dbias: 0 * dbias),
    "averages the bias": changes("bias", lambda dbias: dbias / 2),
    "sees the first image only": sees_the_first_image_only,
}

FAULTS: dict[str, dict[str, Fault]] = {
    "conv2d": OF_KERNELS
    | {"exchanges the groups": changes("input", lambda dx: np.roll(dx, 2, axis=1))},
    "deconv2d": OF_KERNELS
    | {"transposes the weight": changes("weight", lambda dweight: dweight.swapaxes(0, 1))},
    "max_pool": {
        "goes to the first pixel": uses(argmax=lambda cache: np.zeros_like(cache.argmax)),
        "goes to the last pixel": uses(argmax=lambda cache: np.full_like(cache.argmax, 8)),
        "goes to every pixel": goes_to_every_pixel,
        "overwrites where windows overlap": overwrites_where_windows_overlap,
    },
    "avg_pool": {
        "forgets to divide": lambda right, dy, cache: right(dy * 9, cache),
        "divides by the whole window at the edge": divides_by_the_whole_window_at_the_edge,
    },
    "relu": {
        "lets everything through": lambda right, dy, cache: (dy, {}),
        "looks at the sign of dy": lambda right, dy, cache: (dy * (dy > 0), {}),
    },
    "lrn": {
        "forgets the neighbours": lambda right, dy, cache: (dy * cache.scale**-cache.beta, {}),
        "forgets the factor two": lambda right, dy, cache: (
            (dy * cache.scale**-cache.beta + right(dy, cache)[0]) / 2,
            {},
        ),
    },
    "dropout": {
        "lets everything through": lambda right, dy, cache: (dy, {}),
        "forgets the scale": lambda right, dy, cache: (dy * cache.keep, {}),
        "draws another mask": uses(keep=lambda cache: np.roll(cache.keep, 1)),
    },
    "linear": {
        "transposes the weight": changes("weight", lambda dweight: dweight.T),
        "drops the bias": changes("bias", lambda dbias: 0 * dbias),
        "averages the bias": changes("bias", lambda dbias: dbias / 3),
    },
    "scale": {"sees the first image only": sees_the_first_image_only},
    "weighted sum": {
        "forgets the coefficients": lambda right, dy, cache: ((dy, dy), {}),
        "exchanges the inputs": lambda right, dy, cache: (right(dy, cache)[0][::-1], {}),
    },
    "equals in a row": {
        "exchanges the inputs": lambda right, dy, cache: (right(dy, cache)[0][::-1], {}),
    },
    "crop": {"is shifted by one pixel": changes("input", lambda dx: np.roll(dx, 1, axis=3))},
    "softmax_loss": {
        "counts ignored pixels": uses(
            weight=lambda cache: np.where(cache.weight > 0, cache.weight, cache.weight.max())
        ),
        "normalises by all pixels": lambda right, dy, cache: right(
            dy * (cache.weight > 0).mean(), cache
        ),
        "forgets the class weights": uses(
            weight=lambda cache: (cache.weight > 0) / (cache.weight > 0).sum()
        ),
        "forgets the true class": lambda right, dy, cache: (
            (dy * cache.probability * cache.weight[:, None], None),
            {},
        ),
    },
}


def test_every_kind_of_layer_has_a_fault_of_its_own():
    assert FAULTS.keys() == {*LAYERS}


@pytest.mark.parametrize(
    ("kind", "fault"),
    [(kind, fault) for kind, own in FAULTS.items() for fault in [*COMMON_FAULTS, *own]],
)
def test_a_fault_is_found(kind, fault):
    assert not check(kind, (COMMON_FAULTS | FAULTS[kind])[fault]).ok


def test_a_gradient_that_is_missing_is_found():
    def forgets_the_bias(right, dy, cache):
        dx, grads = right(dy, cache)
        return dx, {"weight": grads["weight"]}

    with pytest.raises(ValueError, match="bias has shape .* its gradient none"):
        check("conv2d", forgets_the_bias)


def test_kernel_axes_swapped_in_a_kernel_that_is_not_square_are_found():
    layer = Conv2d(2, 3, (3, 2))
    right = layer.backward
    layer.backward = lambda dy, cache: SWAPS_THE_KERNEL_AXES(right, dy, cache)
    with pytest.raises(ValueError, match=r"weight has shape \(3, 2, 3, 2\), its gradient"):
        check_layer(layer, (2, 2, 5, 6))
