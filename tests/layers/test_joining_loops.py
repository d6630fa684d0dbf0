"""The layers that join, crop and scale, held to their plain loops; these to differences."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from helpers.cases import wave

from minifcn.functional import naive
from minifcn.layers import Concat, Crop, EltwiseMax, EltwiseSum, Layer, Scale
from minifcn.net.gradcheck import check_function

Arrays = list[np.ndarray]


class Join(NamedTuple):
    """A layer, its inputs and parameters, and the same in plain loops."""

    layer: Layer
    shapes: list[tuple[int, ...]]  # of the inputs, then of the parameters
    forward: Callable[..., np.ndarray]  # of the arrays of these shapes
    backward: Callable[..., Arrays]  # of dy and these arrays; the gradient of each


COEFFICIENTS = (1.0, 0.5, -2.0)
OFFSET, REFERENCE = (1, 2), (2, 1, 4, 3)
JOINS = {
    "sum": Join(
        EltwiseSum(COEFFICIENTS),
        [(2, 3, 5, 4)] * 3,
        lambda *xs: naive.eltwise_sum(xs, COEFFICIENTS),
        lambda dy, *xs: naive.eltwise_sum_backward(dy, COEFFICIENTS),
    ),
    "max": Join(
        EltwiseMax(),
        [(2, 3, 5, 4)] * 3,
        lambda *xs: naive.eltwise_max(xs),
        lambda dy, *xs: naive.eltwise_max_backward(dy, xs),
    ),
    "concat": Join(
        Concat(),
        [(2, 3, 5, 4), (2, 1, 5, 4), (2, 2, 5, 4)],
        lambda *xs: naive.concat(xs),
        lambda dy, *xs: naive.concat_backward(dy, [x.shape[1] for x in xs]),
    ),
    "crop": Join(
        Crop(OFFSET),
        [(2, 3, 7, 6)],
        lambda x: naive.crop(x, OFFSET, REFERENCE[2:]),
        lambda dy, x: [naive.crop_backward(dy, x.shape, OFFSET)],
    ),
    "scale": Join(
        Scale(3),
        [(2, 3, 5, 4), (3,)],
        lambda x, weight: naive.scale(x, weight),
        lambda dy, x, weight: list(naive.scale_backward(dy, x, weight)),
    ),
}
joins = pytest.mark.parametrize("join", JOINS.values(), ids=JOINS)


def arrays_of(join: Join) -> Arrays:
    return [wave(number, *shape).copy() for number, shape in enumerate(join.shapes, 1)]


@joins
def test_a_layer_computes_what_its_plain_loops_do(join):
    arrays = arrays_of(join)
    for name in join.layer.params:
        join.layer.params[name] = arrays[-1]
    bottoms = arrays[: len(arrays) - len(join.layer.params)]
    if isinstance(join.layer, Crop):
        bottoms.append(np.zeros(REFERENCE))
    y, cache = join.layer.forward(*bottoms)
    np.testing.assert_allclose(y, join.forward(*arrays), rtol=1e-12)
    dy = wave(9, *y.shape)
    dxs, grads = join.layer.backward(dy, cache)
    found = [*(dxs if isinstance(dxs, tuple) else (dxs,)), *grads.values()]
    found = [gradient for gradient in found if gradient is not None]  # a crop's reference has none
    for one, other in zip(found, join.backward(dy, *arrays), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.host  # the plain loops are the host's
@joins
def test_the_plain_gradients_are_the_derivatives_of_the_plain_loops(join):
    arrays = arrays_of(join)
    dy = wave(9, *join.forward(*arrays).shape)
    gradients = join.backward(dy, *arrays)
    report = check_function(
        lambda: float((join.forward(*arrays) * dy).sum()),
        {str(number): array for number, array in enumerate(arrays)},
        {str(number): gradient for number, gradient in enumerate(gradients)},
    )
    assert report.ok, f"\n{report}"
