"""Recomputing the caches of blocks: the same numbers, less kept."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.cases import normal
from helpers.nets import randomise

from minifcn.layers import Concat, Conv2d, Dropout, MaxPool2d, ReLU
from minifcn.models import ModelSpec, build, initialise
from minifcn.net import Net
from minifcn.net.recompute import Again


def step(recompute: bool, arch: str = "fcn8s", backbone: str = "vgg16", wrt: tuple[str, ...] = ()):
    net = build(ModelSpec(arch, backbone, num_classes=4, width=1 / 16, padding="same"))
    initialise(net)
    rng = np.random.default_rng(0)
    for address, array in net.params.items():
        if address.startswith("score"):
            array[...] = rng.standard_normal(array.shape)
    inputs = {
        "data": rng.standard_normal((2, 3, 64, 64)).astype(np.float32),
        "label": rng.integers(0, 4, (2, 64, 64)),
    }
    outputs, tape = net.forward(
        inputs, train=True, rng=np.random.default_rng(1), wrt=wrt, recompute=recompute
    )
    kept = dict(tape.caches)
    return outputs, dict(net.backward(tape)), kept, net


@pytest.mark.parametrize(
    ("arch", "backbone"),
    [
        ("fcn32s", "vgg16"),
        ("fcn8s", "vgg16"),
        ("fcn8s-at-once", "vgg16"),
        ("fcn32s", "googlenet"),
    ],
)
def test_loss_and_gradients_are_the_same_bit_for_bit(arch, backbone):
    stored_outputs, stored, _, _ = step(False, arch, backbone, wrt=("data",))
    outputs, gradients, _, _ = step(True, arch, backbone, wrt=("data",))
    assert outputs["loss"] == stored_outputs["loss"]
    assert gradients.keys() == stored.keys()
    for address, gradient in stored.items():
        np.testing.assert_array_equal(gradients[address], gradient, err_msg=address)


def test_of_each_block_only_the_input_is_kept():
    _, _, kept, net = step(True)
    for node in net.nodes:
        if isinstance(node.layer, MaxPool2d):
            assert isinstance(kept[node.name], Again)
    assert not [name for name in kept if name.startswith(("conv", "relu1", "relu5"))]


def test_dropout_is_never_run_twice():
    _, _, kept, net = step(True)
    dropouts = {node.name for node in net.nodes if isinstance(node.layer, Dropout)}
    assert dropouts <= kept.keys()
    again = [cache for cache in kept.values() if isinstance(cache, Again)]
    assert not dropouts & {node.name for cache in again for node in cache.block}


def same_with_and_without(nodes) -> None:
    """Assert that a net's gradients are the same whether or not its blocks are run again."""
    net, inputs = randomise(Net(nodes)), {"data": normal(1, 2, 3, 8, 6)}

    def found(recompute: bool) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(4)
        _, tape = net.forward(inputs, train=True, rng=rng, recompute=recompute)
        return dict(net.backward(tape, {"pool": normal(2, 2, 4, 4, 3)}))

    expected = found(False)
    for address, gradient in found(True).items():
        np.testing.assert_array_equal(gradient, expected[address], err_msg=address)


def test_dropout_in_front_of_a_block_drops_out():
    same_with_and_without(
        [
            ("conv1", Conv2d(3, 3, 1), "data"),
            ("drop", Dropout(), "conv1"),
            ("conv2", Conv2d(3, 4, 3, pad=1), "drop"),
            ("relu", ReLU(), "conv2"),
            ("pool", MaxPool2d(2), "relu"),
        ]
    )


def test_joined_inputs_in_front_of_a_pooling_are_none_of_its_block():
    same_with_and_without(
        [
            ("left", Conv2d(3, 1, 1), "data"),
            ("right", Conv2d(3, 3, 1), "data"),
            ("join", Concat(), ("left", "right")),
            ("pool", MaxPool2d(2), "join"),
        ]
    )
