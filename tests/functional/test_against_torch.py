"""The operations against PyTorch in float64, where it is installed: values and all gradients."""

import numpy as np
import pytest
from helpers.cases import EXAMPLES, Case, conv_cases, deconv_cases, pool_cases
from helpers.ladder import arrays_of, assert_same, ours
from helpers.torch_twins import TWINS, theirs
from hypothesis import assume, given

from minifcn.functional.softmax import softmax_loss_forward

torch = pytest.importorskip("torch")


def assert_equal(operation: str, case: Case) -> None:
    found = ours(operation, case, arrays_of(operation, case))
    assert_same(found, theirs(operation, case, torch), 1e-10)


@pytest.mark.parametrize(("operation", "case"), TWINS)
def test_examples(operation, case):
    assert_equal(operation, case)


@given(conv_cases())
def test_convolutions(case):
    assert_equal("conv2d", case)


@given(deconv_cases())
def test_deconvolutions(case):
    assert_equal("deconv2d", case)


@pytest.mark.parametrize("operation", ["max_pool", "avg_pool"])
@given(case=pool_cases())
def test_poolings(operation, case):
    # PyTorch allows a padding of half the window at most.
    kernel, pad = case.options["kernel_size"], case.options["pad"]
    assume(all(2 * p <= k for p, k in zip(pad, kernel, strict=True)))
    assert_equal(operation, case)


# PyTorch's mean over no pixels is not a number.
@pytest.mark.parametrize("operation", sorted({name for name, _ in TWINS} - {"softmax_loss"}))
def test_empty_batches(operation):
    case = EXAMPLES[operation][0]
    assert_equal(operation, case._replace(x_shape=(0, *case.x_shape[1:])))


@pytest.mark.parametrize("kernel", [(300, 300), (299, 3)])
def test_maxima_of_large_windows(kernel):
    options = {"kernel_size": kernel, "stride": (2, 2), "pad": (1, 0), "ceil": True}
    assert_equal("max_pool", Case((1, 2, 301, 302), (), options))


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
