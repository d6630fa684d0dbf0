"""The gradients that training begins with: biases of zero inside a border of zeros of 100 pixels.

Half of the map lies on the kink of every ReLU then, and gradients are right only if nothing is
rounded there.
"""

import numpy as np
import pytest
from helpers.cases import normal
from helpers.drawn import label, without_dropout

from minifcn.functional.fast.paths import force_path
from minifcn.models import ModelSpec, build, initialise
from minifcn.net import Net


@pytest.fixture(autouse=True)
def _restore_path():
    yield
    force_path(None)


def untrained(seed: int) -> Net:
    """Return a net as training finds it, but with scores, so that gradients reach all layers."""
    net = build(ModelSpec("fcn8s", num_classes=5, width=1 / 4, fc_channels=64))
    initialise(net, seed)
    for name in ("score_fr", "score_pool4", "score_pool3"):
        weight = net.params[f"{name}/weight"]
        weight[...] = normal(seed, *weight.shape) / weight[0].size ** 0.5
    return without_dropout(net)


def gradients(net: Net, dtype: str) -> dict[str, np.ndarray]:
    net.astype(dtype)
    image = (50 * normal(1, 1, 3, 24, 40)).astype(dtype)
    inputs = {"data": image, "label": label(1, 24, 40, classes=5)}
    _, tape = net.forward(inputs, train=True, rng=np.random.default_rng(0))
    return dict(net.backward(tape))


@pytest.mark.parametrize("seed", [0, 1])
def test_they_are_those_of_the_definition_in_double_precision(seed):
    found = gradients(untrained(seed), "float32")
    force_path("im2col")
    errors = {
        address: np.linalg.norm(found[address] - exact) / np.linalg.norm(exact)
        for address, exact in gradients(untrained(seed), "float64").items()
    }
    assert np.median(list(errors.values())) <= 1e-3
    assert max(errors.values()) <= 1e-2, max(errors, key=errors.__getitem__)
