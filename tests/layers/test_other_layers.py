"""Pooling, dropout, LRN, inner product and loss as layers: arguments, geometry and messages."""

from __future__ import annotations

import numpy as np
import pytest

from minifcn.layers import LRN, AvgPool2d, Dropout, Linear, MaxPool2d, ReLU, SoftmaxLoss
from minifcn.layers.geometry import Footprint


@pytest.mark.parametrize("kind", [MaxPool2d, AvgPool2d])
def test_pooling_moves_by_its_window_unless_told_otherwise(kind):
    assert kind((2, 3)).footprint() == Footprint((2, 3), (2, 3))
    assert kind(3, stride=2, pad=1).footprint() == Footprint((3, 3), (2, 2), (1, 1))


@pytest.mark.parametrize("kind", [MaxPool2d, AvgPool2d])
def test_pooling_rounds_up_unless_told_otherwise(kind):
    assert kind(2).output_shape((1, 3, 5, 7)) == (1, 3, 3, 4)
    assert kind(2, ceil=False).output_shape((1, 3, 5, 7)) == (1, 3, 2, 3)


@pytest.mark.parametrize("kind", [MaxPool2d, AvgPool2d])
def test_windows_of_padding_alone_are_refused(kind):
    with pytest.raises(ValueError, match=r"pad \(0, 3\) must be smaller than the window \(3, 3\)"):
        kind(3, pad=(0, 3))


def test_pointwise_layers_leave_the_grid_as_it_is():
    for layer in (ReLU(), LRN(), Dropout()):
        assert layer.footprint() == Footprint()
        assert layer.output_shape((2, 3, 4, 5)) == (2, 3, 4, 5)
        assert layer.flops((2, 3, 4, 5)) == 0


@pytest.mark.parametrize("ratio", [-0.1, 1, 1.5])
def test_dropout_ratios_outside_the_range_are_refused(ratio):
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\)"):
        Dropout(ratio)


def test_dropout_cannot_train_without_a_generator():
    with pytest.raises(ValueError, match="pass rng="):
        Dropout().forward(np.ones(3))


def test_an_even_neighbourhood_is_refused():
    with pytest.raises(ValueError, match="local_size must be odd to have a centre, not 4"):
        LRN(4)


def test_an_inner_product_has_no_positions():
    layer = Linear(24, 5)
    assert layer.footprint() is None
    assert layer.output_shape((7, 2, 3, 4)) == (7, 5)
    assert layer.flops((7, 2, 3, 4)) == 2 * 7 * 24 * 5
    assert {k: p.shape for k, p in layer.params.items()} == {"weight": (5, 24), "bias": (5,)}
    with pytest.raises(ValueError, match="expected 24 values an image"):
        layer.output_shape((7, 2, 3, 5))


def test_a_loss_is_one_number_and_has_no_positions():
    layer = SoftmaxLoss()
    assert layer.output_shape((2, 3, 4, 5), (2, 4, 5)) == () and layer.footprint() is None


def test_an_unknown_normalisation_is_refused():
    with pytest.raises(ValueError, match=r"one of \('valid', 'batch', 'none'\), not 'mean'"):
        SoftmaxLoss("mean")
