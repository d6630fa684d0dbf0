"""What every layer promises, whatever it computes: one test a promise, over all kinds of layer."""

from inspect import getmembers, isclass
from typing import Any

import numpy as np
import pytest
from helpers.cases import wave
from helpers.layer_cases import KINDS, first_of

from minifcn import layers
from minifcn.layers import Layer


def forward(layer: Layer, bottoms: list[np.ndarray]) -> tuple[np.ndarray, Any]:
    options = {"rng": np.random.default_rng(5)} if layer.draws else {}
    return layer.forward(*bottoms, **options)


def backward(layer: Layer, bottoms: list[np.ndarray], **needs: bool) -> tuple[list[Any], dict]:
    """Return the gradients of the inputs, as a list, and of the parameters."""
    y, cache = forward(layer, bottoms)
    dxs, grads = layer.backward(wave(20, *y.shape).astype(y.dtype), cache, **needs)
    return list(dxs) if isinstance(dxs, tuple) else [dxs], grads


every_kind = pytest.mark.parametrize("kind", KINDS)


def test_every_layer_has_an_example():
    kinds = {type(first_of(kind).layer).__name__ for kind in KINDS}
    assert kinds == {name for name, _ in getmembers(layers, isclass)} - {"Layer"}


@every_kind
def test_the_shape_is_known_without_running(kind):
    layer, bottoms = first_of(kind)
    y, _ = forward(layer, bottoms)
    assert layer.output_shape(*(bottom.shape for bottom in bottoms)) == y.shape


@every_kind
def test_inference_has_the_same_result_where_nothing_is_drawn(kind):
    layer, bottoms = first_of(kind)
    y = layer.infer(*bottoms)
    if layer.draws:
        assert y is bottoms[0]
    else:
        np.testing.assert_array_equal(y, forward(layer, bottoms)[0])


@every_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_stays(kind, dtype):
    layer, bottoms = first_of(kind, dtype)
    y, _ = forward(layer, bottoms)
    dxs, grads = backward(layer, bottoms)
    arrays = [y, *(dx for dx in dxs if dx is not None), *grads.values()]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}


@every_kind
def test_gradients_have_the_shapes_of_what_they_are_gradients_of(kind):
    layer, bottoms = first_of(kind)
    dxs, grads = backward(layer, bottoms)
    assert len(dxs) == len(bottoms)
    for dx, bottom in zip(dxs, bottoms, strict=True):
        assert dx is None or dx.shape == bottom.shape
    assert {k: g.shape for k, g in grads.items()} == {k: p.shape for k, p in layer.params.items()}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if first_of(kind).layer.params])
def test_what_is_not_needed_is_left_out(kind):
    layer, bottoms = first_of(kind)
    dxs, grads = backward(layer, bottoms)
    no_dxs, only_grads = backward(layer, bottoms, need_dx=False)
    only_dxs, no_grads = backward(layer, bottoms, need_grads=False)
    assert no_dxs == [None] and no_grads == {}
    np.testing.assert_array_equal(only_dxs[0], dxs[0])
    for name, gradient in grads.items():
        np.testing.assert_array_equal(only_grads[name], gradient)


@every_kind
def test_a_layer_keeps_no_state_between_its_passes(kind):
    layer, bottoms = first_of(kind)
    expected, _ = backward(layer, bottoms)
    y, cache = forward(layer, bottoms)
    others = [bottom if bottom.dtype.kind == "i" else bottom - 1 for bottom in bottoms]
    forward(layer, others)  # the same layer at another place of the net
    dxs, _ = layer.backward(wave(20, *y.shape), cache)
    for dx, right in zip(dxs if isinstance(dxs, tuple) else [dxs], expected, strict=True):
        np.testing.assert_equal(dx, right)


# A loss is one number for the batch, and dropout draws for the whole batch.
@pytest.mark.parametrize("kind", sorted({*KINDS} - {"softmax_loss", "dropout"}))
def test_images_of_a_batch_do_not_mix(kind):
    layer, bottoms = first_of(kind)
    y, _ = forward(layer, bottoms)
    for n in range(len(y)):
        alone, _ = forward(layer, [bottom[n : n + 1] for bottom in bottoms])
        np.testing.assert_allclose(alone[0], y[n], rtol=1e-12)


@every_kind
def test_an_empty_batch_gives_an_empty_batch_and_gradients_of_zero(kind):
    layer, bottoms = first_of(kind)
    empty = [bottom[:0] for bottom in bottoms]
    y, _ = forward(layer, empty)
    assert y.shape == layer.output_shape(*(bottom.shape for bottom in empty))
    dxs, grads = backward(layer, empty)
    assert [None if dx is None else dx.shape for dx in dxs][:1] == [empty[0].shape]
    for name, array in layer.params.items():
        np.testing.assert_array_equal(grads[name], np.zeros_like(array))
