"""The layers against PyTorch in float64, where it is installed: values and all gradients."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.cases import conv_cases, deconv_cases, pool_cases
from helpers.torch_twins import EXAMPLES, Example, avg_pool, conv, deconv, max_pool, ours, theirs
from hypothesis import assume, given

from minifcn.functional.softmax import softmax_loss_forward

torch = pytest.importorskip("torch")


def assert_equal(example: Example) -> None:
    expected = theirs(example, torch)
    found = ours(example)
    assert found.keys() == expected.keys()
    for key, array in found.items():
        np.testing.assert_allclose(array, expected[key], rtol=1e-10, atol=1e-10, err_msg=key)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name):
    assert_equal(EXAMPLES[name])


@given(conv_cases())
def test_convolutions(case):
    filters, _, *kernel = case.weight_shape
    assert_equal(conv(case.x_shape, filters, tuple(kernel), **case.options))


@given(deconv_cases())
def test_deconvolutions(case):
    _, filters, *kernel = case.weight_shape
    filters *= case.options["groups"]
    assert_equal(deconv(case.x_shape, filters, tuple(kernel), **case.options))


@pytest.mark.parametrize("pool", [max_pool, avg_pool])
@given(case=pool_cases())
def test_poolings(pool, case):
    # PyTorch allows a padding of half the window at most.
    kernel, pad = case.options["kernel_size"], case.options["pad"]
    assume(all(2 * p <= k for p, k in zip(pad, kernel, strict=True)))
    assert_equal(pool(case.x_shape, **case.options))


# PyTorch's mean over no pixels is not a number.
@pytest.mark.parametrize("name", [name for name in EXAMPLES if "mean" not in name])
def test_empty_batches(name):
    layer, shapes, twin = EXAMPLES[name]
    assert_equal(Example(layer, tuple((0, *shape[1:]) for shape in shapes), twin))


@pytest.mark.parametrize("kernel", [(300, 300), (299, 3)])
def test_maxima_of_large_windows(kernel):
    options = {"stride": (2, 2), "pad": (1, 0), "ceil": True}
    assert_equal(max_pool((1, 2, 301, 302), kernel_size=kernel, **options))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("magnitude", [1, 100, 10_000])
def test_losses_of_scores_however_far_apart(dtype, magnitude):
    scores = magnitude * np.random.default_rng(0).standard_normal((2, 21, 5, 7)).astype(dtype)
    label = np.random.default_rng(1).integers(0, 21, (2, 5, 7))
    loss, _ = softmax_loss_forward(scores, label, normalization="none")
    expected = torch.nn.functional.cross_entropy(
        torch.from_numpy(scores), torch.from_numpy(label), reduction="sum"
    )
    np.testing.assert_allclose(loss, expected.numpy(), rtol=1e-5 if dtype == np.float32 else 1e-12)
