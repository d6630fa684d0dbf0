"""A net of this package against its twin in PyTorch, with the same weights and the same image.

Importing it skips the tests of the importing file where PyTorch is not installed.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifcn.net import Net

torch = pytest.importorskip("torch")
F = torch.nn.functional

# Relative to the largest number of each array. In float32 both programs round after every layer,
# in another order of summation; in float64 nothing but the mathematics is left to differ.
TOLERANCES = {np.float32: (1e-4, 1e-3), np.float64: (1e-12, 1e-11)}

Tensors = dict[str, Any]
Twin = Callable[[Any, Tensors], Any]  # from the image and the parameters to the scores

each_dtype = pytest.mark.parametrize("dtype", TOLERANCES, ids=lambda dtype: dtype.__name__)


def conv(x: Any, p: Tensors, name: str, **options: int) -> Any:
    return F.conv2d(x, p[f"{name}/weight"], p[f"{name}/bias"], **options)


def linear(x: Any, p: Tensors, name: str) -> Any:
    return F.linear(x, p[f"{name}/weight"], p[f"{name}/bias"])


def assert_close(found: np.ndarray, expected: Any, tolerance: float, name: str) -> None:
    expected = expected.detach().numpy()
    assert found.shape == expected.shape and found.dtype == expected.dtype, name
    error, largest = np.abs(found - expected).max(), np.abs(expected).max()
    assert error <= tolerance * largest, f"{name}: {error:.1e} of {largest:.1e}"


def assert_equal(net: Net, twin: Twin, data: np.ndarray, target: np.ndarray, scores: str) -> None:
    """Compare the scores, the loss, and the gradients of the image and all trained parameters."""
    of_scores, of_gradients = TOLERANCES[data.dtype.type]
    trained = {address for address, (rate, _) in net.multipliers.items() if rate}
    tensors = {
        address: torch.tensor(array, requires_grad=address in trained)
        for address, array in net.params.items()
    }
    x = torch.tensor(data, requires_grad=True)
    expected = twin(x, tensors)
    reduction = "mean" if net.layer("loss").normalization == "valid" else "sum"
    loss = F.cross_entropy(expected, torch.tensor(target), ignore_index=255, reduction=reduction)
    loss.backward()

    outputs, tape = net.forward(
        {"data": data, "label": target},
        outputs=[scores, "loss"],
        train=True,
        rng=np.random.default_rng(0),
        wrt=["data"],
    )
    assert_close(outputs[scores], expected, of_scores, scores)
    assert_close(outputs["loss"], loss, of_scores, "loss")
    gradients = dict(net.backward(tape))
    assert gradients.keys() == trained | {"data"}
    for address, gradient in gradients.items():
        tensor = x if address == "data" else tensors[address]
        assert_close(gradient, tensor.grad, of_gradients, address)
