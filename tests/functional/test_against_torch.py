"""The layers against PyTorch in float64, where it is installed: values and all gradients."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.cases import conv_cases, deconv_cases, pool_cases
from helpers.torch_twins import EXAMPLES, Example, avg_pool, conv, deconv, max_pool, ours, theirs
from hypothesis import assume, given

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
