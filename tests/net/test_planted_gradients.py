"""Wrong gradients, planted on purpose: the gradient check finds every one.

Each fault below is a mistake that somebody could make in writing the backward pass of a layer. It
takes the right backward pass and returns a wrong one; the check must accept the first and reject
the second. Without this, a check that accepts everything would look like a perfect suite.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from minifcn.layers import (
    LRN,
    AvgPool2d,
    Concat,
    Conv2d,
    Crop,
    Deconv2d,
    Dropout,
    EltwiseSum,
    Layer,
    Linear,
    MaxPool2d,
    ReLU,
    Scale,
    SoftmaxLoss,
)
from minifcn.net.gradcheck import Report, check_layer

Backward = Callable[[Any, Any], tuple[Any, dict[str, Any]]]
Fault = Callable[[Backward, Any, Any], tuple[Any, dict[str, Any]]]


class Example(NamedTuple):
    """A layer and its inputs; kernels are square, so that exchanged axes keep their shape."""

    make: Callable[[], Layer]
    shapes: tuple[tuple[int, ...], ...]


EXAMPLES = {
    "conv": Example(lambda: Conv2d(4, 4, 3, stride=(1, 2), pad=1, groups=2), ((2, 4, 5, 7),)),
    "deconv": Example(lambda: Deconv2d(3, 3, 4, stride=2, pad=1, bias=True), ((2, 3, 3, 4),)),
    "max pool": Example(lambda: MaxPool2d(3, stride=2, pad=1), ((2, 3, 5, 8),)),
    "average pool": Example(lambda: AvgPool2d(3, stride=2, pad=1), ((2, 3, 6, 8),)),
    "relu": Example(ReLU, ((2, 3, 4, 5),)),
    "lrn": Example(lambda: LRN(3, alpha=0.5), ((2, 5, 3, 4),)),
    "dropout": Example(lambda: Dropout(0.4), ((2, 3, 4, 5),)),
    "linear": Example(lambda: Linear(6, 6), ((3, 2, 1, 3),)),
    "scale": Example(lambda: Scale(3), ((2, 3, 4, 5),)),
    "sum": Example(lambda: EltwiseSum((1, 0.5)), ((2, 3, 4, 5),) * 2),
    "concat": Example(Concat, ((2, 2, 4, 5),) * 2),
    "crop": Example(lambda: Crop((1, 2)), ((2, 3, 7, 7), (2, 1, 4, 5))),
    "loss": Example(lambda: SoftmaxLoss(class_weight=(1, 2, 3)), ((2, 3, 4, 5),)),
}


def check(kind: str, fault: Fault | None = None) -> Report:
    """Check a layer's gradients, with a fault in its backward pass if one is given."""
    layer, inputs = EXAMPLES[kind].make(), None
    if kind == "loss":
        rng = np.random.default_rng(1)
        label = rng.integers(0, 3, (2, 4, 5))
        label[:, 1] = 255
        inputs = [rng.standard_normal((2, 3, 4, 5)), label]
    if fault is not None:
        right = layer.backward
        layer.backward = lambda dy, cache: fault(right, dy, cache)
    return check_layer(layer, *EXAMPLES[kind].shapes, inputs=inputs)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_right_gradients_are_accepted(kind):
    report = check(kind)
    assert report.ok, f"\n{report}"


# ---------------------------------------------------------------------------------------------
# Faults that any layer can have
# ---------------------------------------------------------------------------------------------


def change(gradients: tuple[Any, dict], how: Callable, *, of: str) -> tuple[Any, dict]:
    """Return the gradients with one of them changed: "input" for all inputs, or a parameter."""
    dxs, grads = gradients
    if of != "input":
        return dxs, grads | {of: how(grads[of])}
    if isinstance(dxs, tuple):
        return tuple(dx if dx is None else how(dx) for dx in dxs), grads
    return how(dxs), grads


def ignores_dy(right, dy, cache):
    return right(np.ones_like(dy), cache)


def reverses_dy(right, dy, cache):
    # A loss has a single dy, of which the reverse is the opposite.
    return right(np.flip(dy) if np.ndim(dy) else -dy, cache)


def loses_the_gradient_of_the_input(right, dy, cache):
    return change(right(dy, cache), np.zeros_like, of="input")


def is_off_by_a_thousandth(right, dy, cache):
    return change(right(dy, cache), lambda dx: dx * 1.001, of="input")


def loses_the_last_pixel(right, dy, cache):
    def lose(dx):
        dx = dx.copy()
        dx[..., -1] = 0
        return dx

    return change(right(dy, cache), lose, of="input")


COMMON_FAULTS = [
    ignores_dy,
    reverses_dy,
    loses_the_gradient_of_the_input,
    is_off_by_a_thousandth,
    loses_the_last_pixel,
]


@pytest.mark.parametrize("fault", COMMON_FAULTS)
@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_fault_that_any_layer_can_have_is_found(kind, fault):
    assert not check(kind, fault).ok


# ---------------------------------------------------------------------------------------------
# Faults of one kind of layer
# ---------------------------------------------------------------------------------------------


def swaps_the_kernel_axes(right, dy, cache):
    return change(right(dy, cache), lambda dweight: dweight.swapaxes(2, 3), of="weight")


def flips_the_kernel(right, dy, cache):
    return right(dy, cache._replace(weight=cache.weight[:, :, ::-1, ::-1]))


def drops_the_bias(right, dy, cache):
    return change(right(dy, cache), np.zeros_like, of="bias")


def averages_the_bias(right, dy, cache):
    return change(right(dy, cache), lambda dbias: dbias / len(dy), of="bias")


def sees_the_first_image_only(right, dy, cache):
    wrong = right(dy * (np.arange(len(dy)) == 0)[:, None, None, None], cache)[1]["weight"]
    return change(right(dy, cache), lambda dweight: wrong, of="weight")


def exchanges_the_groups(right, dy, cache):
    return change(right(dy, cache), lambda dx: np.roll(dx, 2, axis=1), of="input")


def transposes_the_weight(right, dy, cache):
    return change(right(dy, cache), lambda dweight: dweight.swapaxes(0, 1), of="weight")


def goes_to_the_first_pixel(right, dy, cache):
    return right(dy, cache._replace(argmax=np.zeros_like(cache.argmax)))


def goes_to_the_last_pixel(right, dy, cache):
    return right(dy, cache._replace(argmax=np.full_like(cache.argmax, 8)))


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


def forgets_to_divide(right, dy, cache):
    return right(dy * 9, cache)


def divides_by_the_whole_window_at_the_edge(right, dy, cache):
    dy = dy.copy()
    dy[:, :, -1] *= 2 / 3  # two rows of this window exist
    return right(dy, cache)


def lets_everything_through(right, dy, cache):
    return dy, {}


def looks_at_the_sign_of_dy(right, dy, cache):
    return dy * (dy > 0), {}


def forgets_the_neighbours(right, dy, cache):
    return dy * cache.scale**-cache.beta, {}


def forgets_the_factor_two(right, dy, cache):
    own = dy * cache.scale**-cache.beta
    return (own + right(dy, cache)[0]) / 2, {}


def forgets_the_scale(right, dy, cache):
    return dy * cache.keep, {}


def draws_another_mask(right, dy, cache):
    return right(dy, cache._replace(keep=np.roll(cache.keep, 1)))


def forgets_the_coefficients(right, dy, cache):
    return (dy, dy), {}


def exchanges_the_inputs(right, dy, cache):
    return right(dy, cache)[0][::-1], {}


def is_shifted_by_one_pixel(right, dy, cache):
    return change(right(dy, cache), lambda dx: np.roll(dx, 1, axis=3), of="input")


def counts_ignored_pixels(right, dy, cache):
    weight = np.where(cache.weight > 0, cache.weight, cache.weight.max())
    return right(dy, cache._replace(weight=weight))


def normalises_by_all_pixels(right, dy, cache):
    share = (cache.weight > 0).mean()
    return right(dy * share, cache)


def forgets_the_class_weights(right, dy, cache):
    counted = cache.weight > 0
    return right(dy, cache._replace(weight=counted / counted.sum()))


def forgets_the_true_class(right, dy, cache):
    return (dy * cache.probability * cache.weight[:, None], None), {}


FAULTS = {
    "conv": [
        swaps_the_kernel_axes,
        flips_the_kernel,
        drops_the_bias,
        averages_the_bias,
        sees_the_first_image_only,
        exchanges_the_groups,
    ],
    "deconv": [
        swaps_the_kernel_axes,
        flips_the_kernel,
        drops_the_bias,
        sees_the_first_image_only,
        transposes_the_weight,
    ],
    "max pool": [
        goes_to_the_first_pixel,
        goes_to_the_last_pixel,
        goes_to_every_pixel,
        overwrites_where_windows_overlap,
    ],
    "average pool": [forgets_to_divide, divides_by_the_whole_window_at_the_edge],
    "relu": [lets_everything_through, looks_at_the_sign_of_dy],
    "lrn": [forgets_the_neighbours, forgets_the_factor_two],
    "dropout": [lets_everything_through, forgets_the_scale, draws_another_mask],
    "linear": [transposes_the_weight, drops_the_bias, averages_the_bias],
    "scale": [sees_the_first_image_only],
    "sum": [forgets_the_coefficients, exchanges_the_inputs],
    "concat": [exchanges_the_inputs],
    "crop": [is_shifted_by_one_pixel],
    "loss": [
        counts_ignored_pixels,
        normalises_by_all_pixels,
        forgets_the_class_weights,
        forgets_the_true_class,
    ],
}


def test_every_kind_of_layer_has_a_fault_of_its_own():
    assert FAULTS.keys() == EXAMPLES.keys()


@pytest.mark.parametrize(
    ("kind", "fault"), [(kind, fault) for kind, faults in FAULTS.items() for fault in faults]
)
def test_a_fault_of_one_kind_of_layer_is_found(kind, fault):
    assert not check(kind, fault).ok


def test_a_gradient_that_is_missing_is_found():
    def forgets_the_bias(right, dy, cache):
        dx, grads = right(dy, cache)
        return dx, {"weight": grads["weight"]}

    with pytest.raises(ValueError, match="bias has shape .* its gradient none"):
        check("conv", forgets_the_bias)


def test_kernel_axes_swapped_in_a_kernel_that_is_not_square_are_found():
    layer = Conv2d(2, 3, (3, 2))
    right = layer.backward
    layer.backward = lambda dy, cache: swaps_the_kernel_axes(right, dy, cache)
    with pytest.raises(ValueError, match=r"weight has shape \(3, 2, 3, 2\), its gradient"):
        check_layer(layer, (2, 2, 5, 6))
