"""Pooling, dropout, LRN, inner product and loss as layers: arguments, geometry and messages."""

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
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernel_size": 0}, "kernel_size must be a whole number of at least 1, not 0"),
        ({"stride": (2, 0)}, "stride must be a whole number of at least 1, not 0"),
        ({"pad": -1}, "pad must be a whole number of at least 0, not -1"),
        ({"stride": 1.5}, "stride must be a whole number of at least 1, not 1.5"),
        ({"pad": (0, 3)}, r"pad \(0, 3\) must be smaller than the window \(2, 2\)"),
    ],
)
def test_pooling_sizes_that_mean_nothing_are_refused(kind, options, message):
    with pytest.raises(ValueError, match=f"pooling: {message}"):
        kind(**{"kernel_size": 2, **options})


def test_a_window_of_300_pixels_trains():
    x = np.zeros((1, 2, 300, 301), np.float32)
    x[0, 0, 299, 299] = x[0, 1, 7, 300] = 1
    layer = MaxPool2d((300, 300))
    y, cache = layer.forward(x)
    assert y.ravel().tolist() == [1, 0, 0, 1]
    dx, _ = layer.backward(np.array([[[[2.0, 0]], [[0, 3]]]], np.float32), cache)
    assert np.argwhere(dx).tolist() == [[0, 0, 299, 299], [0, 1, 7, 300]]


def test_pointwise_layers_leave_the_grid_as_it_is():
    for layer in (ReLU(), LRN(), Dropout()):
        assert layer.footprint() == Footprint()
        assert layer.output_shape((2, 3, 4, 5)) == (2, 3, 4, 5)
        assert layer.flops((2, 3, 4, 5)) == 0


def test_max_pooling_looks_in_training_only_where_the_maxima_are(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "minifcn.layers.pooling.max_pool_forward",
        lambda x, window, *, train=True: (x, asked.append(train)),
    )
    MaxPool2d(2).forward(np.ones((1, 1, 4, 4)))
    MaxPool2d(2).infer(np.ones((1, 1, 4, 4)))
    assert asked == [True, False]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        *((lambda r=r: Dropout(r), r"must lie in \[0, 1\)") for r in (-0.1, 1, 1.5)),
        (lambda: Dropout().forward(np.ones(3)), "pass rng="),
        (lambda: LRN(4), "local_size must be odd to have a centre, not 4"),
        (lambda: Linear(24, 0), "inner product: out_features must be .* at least 1"),
        (lambda: SoftmaxLoss("mean"), r"one of \('valid', 'batch', 'none'\), not 'mean'"),
        *(
            (lambda w=w: SoftmaxLoss(class_weight=w), "class_weight must be a number from 0 on")
            for w in ([1, -1, 1], [1, float("nan"), 1], 1.0)
        ),
    ],
)
def test_arguments_that_mean_nothing_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


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


def test_labels_that_do_not_fit_are_refused_without_running():
    with pytest.raises(ValueError, match=r"ask for labels \(2, 4, 5\), got \(2, 4, 6\)"):
        SoftmaxLoss().output_shape((2, 3, 4, 5), (2, 4, 6))
    with pytest.raises(ValueError, match="255 is one of the 300 classes"):
        SoftmaxLoss().output_shape((2, 300, 4, 5), (2, 4, 5))
    assert SoftmaxLoss(ignore_index=-1).output_shape((2, 300, 4, 5), (2, 4, 5)) == ()


LABELS = np.where(np.arange(40 * 40).reshape(1, 40, 40) % 5, 1, 255)  # a fifth is not labelled
SCORES = np.random.default_rng(0).standard_normal((1, 3, 40, 40))


@pytest.mark.parametrize("normalization", ["valid", "batch", "none"])
def test_a_sampled_loss_is_that_of_the_pixels_that_are_drawn(normalization):
    layer = SoftmaxLoss(normalization, sample=0.25)
    loss, cache = layer.forward(SCORES, LABELS, rng=np.random.default_rng(3))
    drawn = np.random.default_rng(3).random(LABELS.shape) < 0.25
    dscores = layer.backward(np.ones(()), cache)[0][0]
    expected, cache = SoftmaxLoss(normalization).forward(SCORES, np.where(drawn, LABELS, 255))
    assert loss == expected
    assert np.array_equal(dscores, SoftmaxLoss().backward(np.ones(()), cache)[0][0])
    assert np.array_equal(dscores.any(axis=1), drawn & (LABELS != 255))


def test_a_sampled_loss_draws_in_training_only():
    layer = SoftmaxLoss(sample=0.25)
    assert layer.draws and not SoftmaxLoss().draws
    assert layer.infer(SCORES, LABELS) == SoftmaxLoss().infer(SCORES, LABELS)
    with pytest.raises(ValueError, match="pass rng="):
        layer.forward(SCORES, LABELS)


@pytest.mark.parametrize("sample", [0, -0.5, 1.5, float("nan")])
def test_a_share_of_pixels_that_is_none_is_refused(sample):
    with pytest.raises(ValueError, match="sample must be above 0 and at most 1"):
        SoftmaxLoss(sample=sample)
